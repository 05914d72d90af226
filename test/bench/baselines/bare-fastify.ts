import fastify from 'fastify'

/** A route of Fastify's that has its body parsed as JSON and answers 200: what the framework takes by itself. */
const app = fastify()
app.post('/webhook/jelou', async () => ({ status: 'accepted' }))
console.log(await app.listen({ host: '127.0.0.1', port: 0 }))
