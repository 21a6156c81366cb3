import { Worker } from 'node:worker_threads'
import { drive } from '../drive.js'

/**
 * What a route of Koa does that looks at its query and answers with a body of the same size: more is not possible with
 * HTTP on this machine. In a thread of its own, as a server would be.
 */
export async function bareRoute(body: string): Promise<{ url: string; close(): Promise<number> }> {
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
    const Koa = require('koa')
    const app = new Koa()
    app.use((ctx) => {
      ctx.type = 'application/fhir+json'
      ctx.body = ctx.query.code === '' ? '' : workerData
    })
    const server = app.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`,
    { eval: true, workerData: body },
  )
  const port = await new Promise<number>((resolve) => worker.once('message', resolve))
  return { url: `http://127.0.0.1:${port}`, close: () => worker.terminate() }
}

/** Requests a second. */
export async function askBare(url: string, clients: number, seconds: number): Promise<number> {
  const round = await drive(url, clients, seconds, async (client) => {
    const { status } = await client.get('/CodeSystem/$lookup?system=http%3A%2F%2Fsnomed.info%2Fsct&code=100000000')
    return status === 200 ? {} : { wrong: `the bare route answered ${status}` }
  })
  return round.requests / round.seconds
}
