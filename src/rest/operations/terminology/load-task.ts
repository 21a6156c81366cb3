import type { Task, TaskOutput } from '@medplum/fhirtypes'
import type { Logger } from 'pino'
import { FhirError } from '../../../base/errors.js'
import { newId } from '../../../store/identity.js'
import type { Store } from '../../../store/store.js'
import type { Resource } from '../../../store/write.js'
import type { Present } from '../../../terminology/load.js'

/** What was asked for, as it was asked. */
interface Asked {
  name: string
  paths: readonly string[]
  version?: string
}

/** The Task of a load: each step is a note, what was loaded is its output. */
export class LoadTask {
  /** Versions are written one behind the other. */
  private writing: Promise<unknown>

  private constructor(
    private readonly store: Store,
    private readonly tenant: number,
    private readonly task: Task & { id: string },
    created: Promise<unknown>,
  ) {
    this.writing = created
  }

  static async open(store: Store, tenant: number, { name, paths, version }: Asked): Promise<LoadTask> {
    const input = [
      ['name', name],
      ...paths.map((path) => ['path', path]),
      ...(version === undefined ? [] : [['version', version]]),
    ].map(([text, valueString]) => ({ type: { text }, valueString }))
    const task: Task & { id: string } = {
      resourceType: 'Task',
      id: newId(),
      status: 'in-progress',
      intent: 'order',
      code: { text: '$load-terminology' },
      description: `Load of ${name}`,
      authoredOn: now(),
      executionPeriod: { start: now() },
      input,
      note: [],
    }
    const created = store.write(tenant, { kind: 'create', type: 'Task', id: task.id, resource: asResource(task) })
    await created
    return new LoadTask(store, tenant, task, created)
  }

  get id(): string {
    return this.task.id
  }

  note(text: string): void {
    this.task.note!.push({ time: now(), text })
    this.save()
  }

  completed(loaded: readonly Present[]): void {
    const output = loaded.flatMap(({ url, version, concepts }): TaskOutput[] => [
      { type: { text: 'code system' }, valueCanonical: `${url}|${version}` },
      { type: { text: 'concepts' }, valueInteger: concepts },
    ])
    this.end({ status: 'completed', output })
  }

  failed(cause: unknown, log: Logger): void {
    if (!(cause instanceof FhirError)) log.error({ err: cause }, 'a load of terminology failed')
    const text = cause instanceof FhirError ? cause.message : 'Internal error'
    this.end({ status: 'failed', statusReason: { text } })
  }

  private end(outcome: Partial<Task>): void {
    Object.assign(this.task, outcome)
    this.task.executionPeriod!.end = now()
    this.save()
  }

  private save(): void {
    const { tenant, id } = this
    const resource = asResource(structuredClone(this.task))
    this.writing = this.writing
      .then(() => this.store.write(tenant, { kind: 'put', type: 'Task', id, resource }))
      // Nobody waits for it, and the next version says the same and more.
      .catch(() => undefined)
  }
}

const now = () => new Date().toISOString()
const asResource = (task: Task) => task as unknown as Resource
