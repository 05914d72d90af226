#!/usr/bin/env node
await import('./require-node.js')
const { main } = await import('./cli.ts')
await main(process.argv.slice(2))
