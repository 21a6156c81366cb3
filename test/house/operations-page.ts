import type { Operation, Specs } from '../../src/rest/operation.js'
import { definitionId } from '../../src/rest/operation-definition.js'

/** A request that shows an operation; `{job}` and `{task}` stand for what an earlier one answered. */
export interface Example {
  request: string
  type?: string
  body?: unknown
  headers?: Record<string, string>
}

const parameters = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter })
const later = { Prefer: 'respond-async' }
const tag = { system: 'http://example.org/tags', code: 'trial' }

/** By the id of the OperationDefinition, in the order in which they run. */
export const examples: Record<string, Example> = {
  'Patient-everything': { request: 'GET Patient/ada/$everything?_type=Observation,Condition&_count=2' },
  'Encounter-everything': { request: 'GET Encounter/visit/$everything' },
  'Resource-meta': { request: 'GET Patient/$meta' },
  'Resource-meta-add': {
    request: 'POST Patient/ada/$meta-add',
    body: parameters({ name: 'meta', valueMeta: { tag: [tag] } }),
  },
  'Resource-meta-delete': {
    request: 'POST Patient/ada/$meta-delete',
    body: parameters({ name: 'meta', valueMeta: { tag: [tag] } }),
  },
  'Resource-validate': { request: 'POST Patient/$validate', body: { resourceType: 'Patient', gender: 'no-such' } },
  'SearchParameter-reindex': { request: 'POST $reindex?type=Patient' },
  'reindex-status': { request: 'GET $reindex-status' },
  'reindex-cancel': { request: 'POST $reindex-cancel', body: parameters({ name: 'job', valueId: '{job}' }) },
  'Resource-explain': { request: 'GET Observation/$explain?code=29463-7&_sort=-date' },
  'Resource-graphql': {
    request: 'POST $graphql',
    type: 'application/graphql',
    body: '{ Patient(id: "ada") { name { family } ObservationList(_reference: patient, code: "29463-7") { valueQuantity { value } } } }',
  },
  fhirpath: {
    request: 'POST $fhirpath',
    body: parameters(
      { name: 'expression', valueString: "name.given.join(' ')" },
      { name: 'resource', resource: { resourceType: 'Patient', name: [{ given: ['Ada', 'Bo'] }] } },
    ),
  },
  'Observation-lastn': { request: 'GET Observation/$lastn?patient=ada&code=29463-7,2345-7&max=1' },
  'Observation-stats': {
    request:
      'GET Observation/$stats?subject=Patient/ada&system=http://loinc.org&code=29463-7&statistic=average&statistic=count',
  },
  statements: { request: 'GET $statements?_count=1' },
  'ValueSet-expand': {
    request: 'GET ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender&filter=fem',
  },
  'ValueSet-compare': {
    request:
      'GET ValueSet/$compare?thisUrl=http://hl7.org/fhir/ValueSet/publication-status&otherUrl=http://hl7.org/fhir/ValueSet/administrative-gender',
  },
  'ConceptMap-translate': {
    request:
      'GET ConceptMap/$translate?url=http://hl7.org/fhir/ConceptMap/cm-address-use-v2&system=http://hl7.org/fhir/address-use&code=home',
  },
  'CodeSystem-find-matches': {
    request: 'POST CodeSystem/$find-matches',
    body: parameters(
      { name: 'system', valueUri: 'http://terminology.hl7.org/CodeSystem/condition-clinical' },
      { name: 'exact', valueBoolean: true },
      {
        name: 'property',
        part: [
          { name: 'code', valueCode: 'parent' },
          { name: 'value', valueCode: 'active' },
        ],
      },
    ),
  },
  'load-terminology': {
    request: 'POST $load-terminology',
    body: parameters(
      { name: 'name', valueCode: 'pos' },
      { name: 'path', valueString: 'pos.csv' },
      { name: 'version', valueString: '20260101' },
    ),
  },
  closure: { request: 'POST $closure', body: parameters({ name: 'name', valueString: 'problems' }) },
  'CodeSystem-lookup': {
    request: 'GET CodeSystem/$lookup?system=http://hl7.org/fhir/administrative-gender&code=male&property=definition',
  },
  'ValueSet-validate-code': {
    request:
      'GET ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/administrative-gender&system=http://hl7.org/fhir/administrative-gender&code=male&display=Man',
  },
  'CodeSystem-validate-code': {
    request: 'GET CodeSystem/$validate-code?url=http://hl7.org/fhir/administrative-gender&code=man',
  },
  'ValueSet-batch-validate-code': {
    request: 'POST ValueSet/$batch-validate-code',
    body: parameters(
      { name: 'url', valueUri: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
      ...['male', 'man'].map((code) => ({
        name: 'validation',
        resource: parameters({
          name: 'coding',
          valueCoding: { system: 'http://hl7.org/fhir/administrative-gender', code },
        }),
      })),
    ),
  },
  'CodeSystem-batch-validate-code': {
    request: 'POST CodeSystem/$batch-validate-code',
    body: parameters({
      name: 'validation',
      resource: parameters({
        name: 'coding',
        valueCoding: { system: 'http://hl7.org/fhir/administrative-gender', code: 'male' },
      }),
    }),
  },
  'CodeSystem-subsumes': {
    request:
      'GET CodeSystem/$subsumes?system=http://terminology.hl7.org/CodeSystem/condition-clinical&codeA=active&codeB=recurrence',
  },
  'ViewDefinition-run': { request: 'GET ViewDefinition/births/$run?_format=csv' },
  'ViewDefinition-viewdefinition-run': { request: 'GET ViewDefinition/births/$viewdefinition-run?_format=json' },
  'sql-run': {
    request: 'POST $sql-run',
    body: parameters({ name: 'subjectReference', valueReference: { reference: 'ViewDefinition/births' } }),
  },
  'Resource-diff': { request: 'GET Patient/ada/$diff?includeMeta=true' },
  'StructureDefinition-snapshot': {
    request: 'GET StructureDefinition/$snapshot?url=http://hl7.org/fhir/StructureDefinition/bodyweight',
  },
  convert: { request: 'POST $convert?_format=xml', body: { resourceType: 'Patient', active: true } },
  versions: { request: 'GET $versions' },
  'Composition-document': { request: 'GET Composition/letter/$document' },
  'List-find': { request: 'GET List/$find?patient=ada&name=$current-problems' },
  'Resource-graph': { request: 'GET Encounter/visit/$graph?graph=http://example.org/GraphDefinition/visit' },
  'Patient-match': {
    request: 'POST Patient/$match',
    body: parameters({
      name: 'resource',
      resource: { resourceType: 'Patient', name: [{ family: 'Asch', given: ['Ada'] }], birthDate: '1970-03-25' },
    }),
  },
  'Patient-merge': {
    request: 'POST Patient/$merge',
    body: parameters(
      { name: 'source-patient', valueReference: { reference: 'Patient/cem' } },
      { name: 'target-patient', valueReference: { reference: 'Patient/bob' } },
    ),
  },
  'Patient-merge-undo': {
    request: 'POST Patient/$merge-undo',
    body: parameters({ name: 'task', valueReference: { reference: 'Task/{task}' } }),
  },
  'Resource-expunge': {
    request: 'POST Patient/ada/$expunge',
    body: parameters({ name: 'expungePreviousVersions', valueBoolean: true }),
  },
  export: { request: 'GET $export?_type=Patient,Observation', headers: later },
  'Patient-export': { request: 'GET Patient/$export', headers: later },
  'Group-export': { request: 'GET Group/cohort/$export?_type=Patient', headers: later },
}

/** docs/operations.md, as the declarations have it. */
export function operationsPage(operations: readonly Operation[]): string {
  const sorted = [...operations].sort((a, b) => (a.code < b.code ? -1 : a.code > b.code ? 1 : 0))
  return `# Operations

Written by \`test/house/operations-page.test.ts\` from the declarations that \`src/features.ts\` lists; each example has been
sent. They are about the resources of \`docs/example.ndjson\` and run in this order. \`{job}\` and \`{task}\` stand for the ids
that \`$reindex\` and \`$merge\` answered with; \`$expunge\` needs \`INGLE_EXPUNGE_ENABLED=on\`.

\`\`\`sh
npm run load -- docs/example.ndjson
\`\`\`

Parameters are given as Parameters in the body of a POST, or, where each is a simple value, in the query. Where nothing is
changed a GET does too. \`GET [base]/OperationDefinition/[id]\` has each as FHIR says it.

| Operation | Of | For |
|---|---|---|
${sorted.map(line).join('\n')}

${operations.map(section).join('\n\n')}
`
}

const ofWhat = ({ on: { resource } }: Operation) =>
  resource === '*' ? 'every type' : resource === undefined ? 'the server' : resource.join(', ')

const line = (one: Operation) => `| [\`$${one.code}\`](#${anchor(one)}) | ${ofWhat(one)} | ${one.title} |`

const heading = (one: Operation) => `\`$${one.code}\` of ${ofWhat(one)}`
/** As GitHub makes it of a heading. */
const anchor = (one: Operation) =>
  heading(one)
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-')

function section(one: Operation): string {
  const { description, affectsState, definition, on, takesSearch, about = {} } = one
  const type = on.resource === '*' ? '[type]' : on.resource?.join('|')
  const at = { system: '', type: `${type}/`, instance: `${type}/[id]/` }
  const paths = on.levels.map((level) => `\`[base]/${at[level]}$${one.code}\``)
  const of = definition ? `[HL7's definition](${definition})` : 'Defined here'
  return `## ${heading(one)}

${description}

${affectsState ? 'POST' : 'GET or POST'} ${paths.join(', ')}. ${of}, \`OperationDefinition/${definitionId(one)}\`.
${parameterLines(one.in, about)}${takesSearch ? '\nSearch parameters of the type beside them.\n' : ''}
\`\`\`sh
${curl(examples[definitionId(one)]!)}
\`\`\``
}

function parameterLines(specs: Specs, about: Readonly<Record<string, string>>): string {
  const lines = Object.entries(specs).map(
    ([name, spec]) => `| \`${name}\` | ${spec.replace('*', '\\*')} | ${(about[name] ?? '').replaceAll('|', '\\|')} |`,
  )
  return lines.length === 0 ? '' : `\n| Parameter | Type | Meaning |\n|---|---|---|\n${lines.join('\n')}\n`
}

/** As it is typed into a shell. */
function curl({ request, body, type = 'application/fhir+json', headers = {} }: Example): string {
  const [method, url] = request.split(' ', 2)
  const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`
  const sent = Object.entries(headers).map(([name, value]) => ` -H ${quoted(`${name}: ${value}`)}`)
  const command = `curl ${method === 'POST' && body === undefined ? '-X POST ' : ''}${quoted(`http://127.0.0.1:8080/fhir/${url}`)}${sent.join('')}`
  if (body === undefined) return command
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return `${command} -H 'Content-Type: ${type}' -d ${quoted(text)}`
}
