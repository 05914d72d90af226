#!/usr/bin/env node
await import('./require-node.js')
const { enableCompileCache } = await import('node:module')
const { fileURLToPath } = await import('node:url')
// What was compiled at an earlier start is not compiled again. Kept where only those can write who can write the code itself;
// where nobody can, nothing is kept.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compiled/', import.meta.url)))
const { main } = await import('./cli.ts')
await main(process.argv.slice(2))
