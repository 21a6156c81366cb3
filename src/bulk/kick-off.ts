import { Invalid } from '../base/errors.js'
import { compartmentMembers, isResourceType, resourceTypes } from '../fhir/definitions.js'
import { type Call, Direct, operation, type Specs } from '../rest/operation.js'
import { patientsNamed } from '../rest/patients.js'
import { authorizeTypes, mayInclude } from '../rest/scopes.js'
import { checkElements } from './elements.js'
import { type Asked, addExport } from './exports.js'

const asked = {
  _outputFormat: '0..1 string',
  _since: '0..1 instant',
  _type: '0..* code',
  _elements: '0..* string',
} as const satisfies Specs
const ofSome = { ...asked, patient: '0..* Reference' } as const satisfies Specs

const about = {
  _outputFormat: 'application/fhir+ndjson, application/ndjson or ndjson, which are the same',
  _since: 'Only what was last updated after this instant',
  _type: 'Only resources of these types; else of all that the scopes allow',
  _elements: 'Only these elements and those that are mandatory, as in a search; Patient.name is for that type alone',
  patient: 'Only what is in the compartments of these patients; by POST alone',
}

/** What all three are: asynchronous by themselves, and asked for their scopes type by type. */
const shared = {
  code: 'export',
  affectsState: false,
  ownAsync: true,
  needs: { letters: [], of: 'all' },
  out: {},
  about,
} as const

/** @see https://hl7.org/fhir/uv/bulkdata/STU2/export.html#endpoint---system-level-export */
export const exportOfSystem = operation({
  ...shared,
  definition: 'http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export',
  title: 'Export everything',
  description:
    'All resources as they are now, a file of NDJSON for each type. Needs Prefer: respond-async; answers 202, and Content-Location says where the list of files is read, and the export cancelled by DELETE.',
  on: { levels: ['system'] },
  in: asked,
  handle: (call) => kickOff(call, resourceTypes),
})

/** @see https://hl7.org/fhir/uv/bulkdata/STU2/export.html#endpoint---all-patients */
export const exportOfPatients = operation({
  ...shared,
  definition: 'http://hl7.org/fhir/uv/bulkdata/OperationDefinition/patient-export',
  title: 'Export what is of patients',
  description: 'As the export of everything, but only patients and what is in their compartments.',
  on: { resource: ['Patient'], levels: ['type'] },
  in: ofSome,
  handle: async (call) => kickOff(call, ofPatients(), await named(call)),
})

/** @see https://hl7.org/fhir/uv/bulkdata/STU2/export.html#endpoint---group-of-patients */
export const exportOfGroup = operation({
  ...shared,
  definition: 'http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export',
  title: 'Export what is of the patients of a group',
  description:
    'As the export of everything, but only the active members of a group who are patients, those of groups in it too, and what is in their compartments. Without an id it is refused, and says so.',
  on: { resource: ['Group'], levels: ['instance', 'type'] },
  in: ofSome,
  handle: async (call) => kickOff(call, ofPatients(), await members(call)),
})

/** Records what is to be exported: nothing is copied, as nothing that is stored is ever changed. */
async function kickOff(
  { core, ctx, exchange, params }: Call<typeof asked>,
  possible: readonly string[],
  patients?: Asked['patients'],
): Promise<Direct> {
  if (!exchange.prefer.respondAsync)
    throw new Invalid('An export is answered later: send the header Prefer: respond-async')
  checkFormat(params._outputFormat)
  const types = typesOf(params._type, possible)
  authorizeTypes(ctx.principal, types)
  const allowed = types.length > 0 ? types : possible.filter((type) => mayInclude(ctx.principal, type))
  if (allowed.length === 0) authorizeTypes(ctx.principal, ['*'])
  const elements = params._elements.flatMap((list) => list.split(',')).map((name) => name.trim())
  checkElements(allowed, elements)
  const { base, path, query } = exchange
  const one: Asked = {
    request: `${base}/${path.join('/')}${query && `?${query}`}`,
    types: allowed,
    ...(params._since !== undefined && { since: params._since }),
    ...(elements.length > 0 && { elements }),
    ...(patients && { patients }),
  }
  const id = await addExport(core.store.db, ctx, one, core.config.exportKeepSeconds)
  return new Direct({
    status: 202,
    headers: { 'Content-Location': `${base}/_export/${id}`, 'Preference-Applied': 'respond-async' },
  })
}

/** A plus that is left as it is in a URL means a blank. */
function checkFormat(format: string | undefined): void {
  if (format !== undefined && !/^(application\/(fhir[+ ])?)?ndjson$/.test(format))
    throw new Invalid('_outputFormat: there is application/fhir+ndjson (application/ndjson, ndjson)')
}

function typesOf(given: readonly string[], possible: readonly string[]): string[] {
  const types = [...new Set(given.flatMap((list) => list.split(',')))]
  for (const type of types)
    if (!isResourceType(type))
      throw new Invalid(`_type: ${String(type).slice(0, 64)} is not a resource type of FHIR R4`)
  const outside = types.find((type) => !possible.includes(type))
  if (outside !== undefined)
    throw new Invalid(
      `_type: ${outside} is not in the compartment of patients; the export of the whole server has it: [base]/$export`,
    )
  return types
}

/** Patients, and the types that are in their compartments. */
const ofPatients = () =>
  resourceTypes.filter((type) => type === 'Patient' || (compartmentMembers('Patient')[type] ?? []).length > 0)

async function named({ core, exchange, params: { patient } }: Call<typeof ofSome>): Promise<'all' | string[]> {
  if (patient.length > 0 && exchange.method !== 'POST')
    throw new Invalid('patient is sent by POST, in a Parameters resource: a URL with it would be kept in logs')
  return (await patientsNamed(core, exchange, 'Patient', { patient, group: [] })) ?? 'all'
}

/**
 * The patients of the group; of them those that are named, if any are.
 * @throws NotFound  there is no such group (404)
 */
async function members(call: Call<typeof ofSome>): Promise<string[]> {
  const { core, ctx, exchange, id } = call
  if (id === undefined) throw new Invalid('The export is of one group: [base]/Group/[id]/$export')
  authorizeTypes(ctx.principal, ['Group'])
  await core.store.read(ctx.tenant, 'Group', id)
  const group = [{ reference: `Group/${id}` }]
  const all = (await patientsNamed(core, exchange, 'Patient', { patient: [], group }))!
  const some = await named(call)
  if (some === 'all') return all
  const known = new Set(all)
  const stranger = some.find((one) => !known.has(one))
  if (stranger !== undefined) throw new Invalid(`Patient/${stranger} is not an active member of Group/${id}`)
  return some
}
