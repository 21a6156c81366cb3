import type { Provenance, Task } from '@medplum/fhirtypes'
import { parseReference } from '../../../fhir/references.js'
import { newId } from '../../../store/identity.js'
import type { VersionName } from '../../../store/versions.js'
import type { Resource, Write, Written } from '../../../store/write.js'

/** A resource that a merge changed, with the version before and the one that came of it. */
export interface Change extends VersionName {
  before: number
}

export const changesOf = (written: readonly Written[]): Change[] =>
  written.map(({ type, id, version }) => ({ type, id, version, before: version - 1 }))

const LIFECYCLE = 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle'

/** What was done, in versions: an undo goes by it. */
export function provenanceOf(
  changes: readonly Change[],
  who: string,
  code: 'merge' | 'unmerge',
): Write & { kind: 'create' } {
  const name = (type: string, id: string, version: number) => ({ reference: `${type}/${id}/_history/${version}` })
  const provenance: Provenance = {
    resourceType: 'Provenance',
    recorded: new Date().toISOString(),
    activity: { coding: [{ system: LIFECYCLE, code }] },
    agent: [{ who: { display: who } }],
    target: changes.map(({ type, id, version }) => name(type, id, version)),
    entity: changes.map(({ type, id, before }) => ({ role: 'revision', what: name(type, id, before) })),
  }
  return create(provenance)
}

/** What a merge was recorded to have changed. */
export function changesIn({ target, entity = [] }: Provenance): Change[] {
  return target.flatMap(({ reference = '' }, i) => {
    const [after, before] = [reference, entity[i]?.what.reference ?? ''].map((text) => parseReference(text))
    if (!after?.version || !before?.version) return []
    return [{ type: after.type!, id: after.id!, version: Number(after.version), before: Number(before.version) }]
  })
}

/** https://build.fhir.org/patient-operation-merge.html: the Task of a merge that is done. */
export function taskOf(source: string, target: string, provenance: string): Write & { kind: 'create' } {
  const now = new Date().toISOString()
  const task: Task = {
    resourceType: 'Task',
    status: 'completed',
    intent: 'order',
    code: { coding: [{ system: LIFECYCLE, code: 'merge' }], text: 'Patient merge' },
    focus: { reference: `Patient/${target}` },
    authoredOn: now,
    lastModified: now,
    input: [
      { type: { text: 'source-patient' }, valueString: `Patient/${source}` },
      { type: { text: 'target-patient' }, valueString: `Patient/${target}` },
    ],
    output: [{ type: { text: PROVENANCE }, valueReference: { reference: `Provenance/${provenance}` } }],
  }
  return create(task)
}

const PROVENANCE = 'provenance'

/** The id of the Provenance that has what the merge of a Task changed. */
export function provenanceIn({ output = [] }: Task): string | undefined {
  const found = output.find(({ type }) => type.text === PROVENANCE)?.valueReference?.reference
  return found === undefined ? undefined : parseReference(found)?.id
}

const create = (resource: Provenance | Task): Write & { kind: 'create' } => ({
  kind: 'create',
  type: resource.resourceType,
  id: newId(),
  resource: resource as unknown as Resource,
})
