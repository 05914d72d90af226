// Plain JavaScript without imports: this must run on the old Node that it complains about.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  process.stderr.write(
    `jelou-receiver needs Node 24 or newer; this is ${process.versions.node}. ` +
      'Either put npx before it (`npx node src/main.js …`), after an `npm ci` that may run install scripts (it brings Node 24 along), ' +
      'or install Node 24.\n',
  )
  process.exit(1)
}
