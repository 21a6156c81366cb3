import cluster, { type Worker } from 'node:cluster'
import { AggregatorRegistry, type Registry } from 'prom-client'

// A scrape reaches one worker and is to show all of them: the worker asks the primary process, which asks every worker.

const question = 'metrics of all workers'

interface Answer {
  [question]: string
}

/** In the primary: answers its workers' questions. */
export function answerForWorkers(): void {
  const all = new AggregatorRegistry()
  cluster.on('message', async (worker: Worker, message: unknown) => {
    if (message !== question) return
    const text = await all.clusterMetrics().catch((error: Error) => `# ${error.message}\n`)
    if (worker.isConnected()) worker.send({ [question]: text } satisfies Answer)
  })
}

/** The numbers of this process, or in a worker those of all of them, as Prometheus reads them. */
export function metricsText(registry: Registry): () => Promise<string> {
  if (!cluster.isWorker) return () => registry.metrics()
  AggregatorRegistry.setRegistries(registry)
  new AggregatorRegistry() // makes this worker answer the primary
  return () =>
    new Promise((resolve) => {
      const listen = (message: unknown) => {
        const text = (message as Partial<Answer>)?.[question]
        if (text === undefined) return
        process.off('message', listen)
        resolve(text)
      }
      process.on('message', listen)
      process.send!(question)
    })
}
