type Json = Record<string, unknown>

/**
 * For each constraint of R4 the smallest resource that does not keep to it: key, resource type, and what is in it. Much
 * else may be wrong with it.
 */
export const failing: [key: string, type: string, members: Json][] = []

const add = (type: string, samples: Record<string, Json | Json[]>) => {
  for (const [key, members] of Object.entries(samples)) {
    for (const one of Array.isArray(members) ? members : [members]) failing.push([key, type, one])
  }
}

// ── Data types ─────────────────────────────────────────────────────────────────────────────────────────────────────

const ucum = 'http://unitsofmeasure.org'
const value = (name: string, value: unknown): Json => ({
  extension: [{ url: 'http://example.org/x', [`value${name}`]: value }],
})
const repeat = (repeat: Json) => value('Timing', { repeat })

add('Basic', {
  'age-1': [value('Age', { value: 1 }), value('Age', { value: 0, system: ucum, code: 'a' })],
  'qty-3': value('Quantity', { value: 1, code: 'mg' }),
  'att-1': value('Attachment', { data: 'AAAA' }),
  'cpt-2': value('ContactPoint', { value: '1' }),
  'cnt-3': [value('Count', { value: 1.5, system: ucum, code: '1' }), value('Count', { value: 1 })],
  'drq-1': value('DataRequirement', { type: 'Patient', codeFilter: [{ path: 'a', searchParam: 'b' }] }),
  'drq-2': value('DataRequirement', { type: 'Patient', dateFilter: [{ valueDateTime: '2000' }] }),
  'dis-1': value('Distance', { value: 1 }),
  'drt-1': value('Duration', { value: 1, code: 'h', system: 'http://example.org' }),
  'sqty-1': value('Range', { low: { value: 1, comparator: '<' } }),
  'exp-1': value('Expression', { language: 'text/fhirpath' }),
  'per-1': value('Period', { start: '2001', end: '2000' }),
  'rng-2': value('Range', { low: { value: 2 }, high: { value: 1 } }),
  'rat-1': value('Ratio', { numerator: { value: 1 } }),
  'ref-1': { subject: { reference: '#none' } },
  'tim-1': repeat({ duration: 1 }),
  'tim-2': repeat({ period: 1 }),
  'tim-4': repeat({ duration: -1, durationUnit: 'h' }),
  'tim-5': repeat({ period: -1, periodUnit: 'h' }),
  'tim-6': repeat({ periodMax: 1 }),
  'tim-7': repeat({ durationMax: 1 }),
  'tim-8': repeat({ countMax: 1 }),
  'tim-9': [repeat({ offset: 1 }), repeat({ offset: 1, when: ['C'] })],
  'tim-10': repeat({ timeOfDay: ['10:00:00'], when: ['HS'] }),
  'trd-1': value('TriggerDefinition', { type: 'data-added', data: [{ type: 'Patient' }], timingDate: '2000' }),
  'trd-2': value('TriggerDefinition', { type: 'named-event', name: 'a', condition: { language: 'text/cql' } }),
  'trd-3': value('TriggerDefinition', { type: 'named-event' }),
})

const element = (element: Json): Json => ({ differential: { element: [element] } })
add('StructureDefinition', {
  'eld-1': element({ slicing: { rules: 'open' } }),
  'eld-2': element({ min: 2, max: '1' }),
  'eld-3': element({ max: 'x' }),
  'eld-4': element({ type: [{ code: 'string', aggregation: ['contained'] }] }),
  'eld-5': element({ contentReference: '#a', type: [{ code: 'string' }] }),
  'eld-6': element({ fixedString: 'a', type: [{ code: 'string' }, { code: 'code' }] }),
  'eld-7': element({ patternString: 'a', type: [{ code: 'string' }, { code: 'code' }] }),
  'eld-8': element({ patternString: 'a', fixedString: 'a' }),
  'eld-12': element({ binding: { strength: 'required', valueSet: 'local' } }),
  'eld-13': element({ type: [{ code: 'string' }, { code: 'string' }] }),
  'eld-14': element({ constraint: [{ key: 'a' }, { key: 'a' }] }),
  'eld-15': element({ defaultValueString: 'a', meaningWhenMissing: 'b' }),
  'eld-16': element({ sliceName: 'a b' }),
  'eld-17': element({ type: [{ code: 'string', targetProfile: ['http://example.org/a'] }] }),
  'eld-18': element({ isModifier: true }),
  'eld-19': element({ path: 'Patient.a b' }),
  'eld-20': element({ path: 'Patient.a-b' }),
  'eld-21': element({ constraint: [{ key: 'a', severity: 'error', human: 'a' }] }),
  'eld-22': element({ sliceIsConstraining: true }),
})

// ── What every resource has ────────────────────────────────────────────────────────────────────────────────────────

const contained = (...contained: Json[]): Json => ({ contained })
add('Basic', {
  'dom-2': contained({ resourceType: 'Basic', id: 'a', contained: [{ resourceType: 'Basic', id: 'b' }] }),
  'dom-3': [
    contained({ resourceType: 'Basic', id: 'a' }),
    { ...contained({ resourceType: 'Basic', id: 'a' }), subject: { reference: '#b' } },
  ],
  'dom-4': [
    contained({ resourceType: 'Basic', id: 'a', meta: { versionId: '1' } }),
    contained({ resourceType: 'Basic', id: 'a', meta: { lastUpdated: '2020-01-01T00:00:00Z' } }),
  ],
  'dom-5': contained({ resourceType: 'Basic', id: 'a', meta: { security: [{ code: 'R' }] } }),
  'dom-6': {},
})

const name = { name: 'two words' }
for (const [key, type] of Object.entries({
  'adf-0': 'ActivityDefinition',
  'cmd-0': 'ConceptMap',
  'cpb-0': 'CapabilityStatement',
  'cpd-0': 'CompartmentDefinition',
  'csd-0': 'CodeSystem',
  'ees-0': 'EffectEvidenceSynthesis',
  'esc-0': 'ExampleScenario',
  'evd-0': 'EventDefinition',
  'evi-0': 'Evidence',
  'evv-0': 'EvidenceVariable',
  'gdf-0': 'GraphDefinition',
  'ig-0': 'ImplementationGuide',
  'lib-0': 'Library',
  'mea-0': 'Measure',
  'msd-0': 'MessageDefinition',
  'nsd-0': 'NamingSystem',
  'opd-0': 'OperationDefinition',
  'pdf-0': 'PlanDefinition',
  'que-0': 'Questionnaire',
  'red-0': 'ResearchElementDefinition',
  'rsd-0': 'ResearchDefinition',
  'rvs-0': 'RiskEvidenceSynthesis',
  'sdf-0': 'StructureDefinition',
  'smp-0': 'StructureMap',
  'spd-0': 'SearchParameter',
  'tcp-0': 'TerminologyCapabilities',
  'tst-0': 'TestScript',
  'vsd-0': 'ValueSet',
})) {
  add(type, { [key]: name })
}

// ── Each type's own ────────────────────────────────────────────────────────────────────────────────────────────────

const concept = (system: string, code: string): Json => ({ coding: [{ system, code }] })
const HL7 = 'http://terminology.hl7.org/CodeSystem'

add('AllergyIntolerance', {
  'ait-1': {},
  'ait-2': {
    verificationStatus: concept(`${HL7}/allergyintolerance-verification`, 'entered-in-error'),
    clinicalStatus: { text: 'a' },
  },
})
add('Appointment', {
  'app-1': { participant: [{ status: 'accepted' }] },
  'app-2': { start: '2020-01-01T00:00:00Z' },
  'app-3': { status: 'booked' },
  'app-4': { status: 'booked', cancelationReason: { text: 'a' } },
})
add('AppointmentResponse', { 'apr-1': {} })
add('AuditEvent', { 'sev-1': { entity: [{ name: 'a', query: 'AAAA' }] } })

const resource = { resourceType: 'Basic', id: 'a' }
const fullUrl = 'http://example.org/Basic/a'
add('Bundle', {
  'bdl-1': { type: 'collection', total: 1 },
  'bdl-2': { type: 'collection', entry: [{ search: { mode: 'match' } }] },
  'bdl-3': [
    { type: 'transaction', entry: [{ resource }] },
    { type: 'collection', entry: [{ request: {} }] },
  ],
  'bdl-4': { type: 'batch-response', entry: [{ resource }] },
  'bdl-5': { type: 'collection', entry: [{ fullUrl }] },
  'bdl-7': {
    type: 'collection',
    entry: [
      { fullUrl, resource },
      { fullUrl, resource },
    ],
  },
  'bdl-8': { type: 'collection', entry: [{ fullUrl: `${fullUrl}/_history/1`, resource }] },
  'bdl-9': { type: 'document', entry: [{ fullUrl, resource }] },
  'bdl-10': { type: 'document', entry: [{ fullUrl, resource }] },
  'bdl-11': { type: 'document', entry: [{ fullUrl, resource }] },
  'bdl-12': { type: 'message', entry: [{ fullUrl, resource }] },
})
const rest = (members: Json): Json => ({ rest: [members] })
add('CapabilityStatement', {
  'cpb-1': {},
  'cpb-2': {},
  'cpb-3': { kind: 'requirements', messaging: [{ endpoint: [{ address: 'http://example.org' }] }] },
  'cpb-7': {
    document: [
      { mode: 'producer', profile: 'http://a' },
      { mode: 'producer', profile: 'http://a' },
    ],
  },
  'cpb-9': rest({ resource: [{ type: 'Basic' }, { type: 'Basic' }] }),
  'cpb-12': rest({ resource: [{ type: 'Basic', searchParam: [{ name: 'a' }, { name: 'a' }] }] }),
  'cpb-14': { kind: 'instance' },
  'cpb-15': { kind: 'capability' },
  'cpb-16': { kind: 'requirements', software: { name: 'a' } },
})
add('CarePlan', { 'cpl-3': { activity: [{ reference: { display: 'a' }, detail: { status: 'unknown' } }] } })
add('CareTeam', {
  'ctm-1': {
    contained: [{ resourceType: 'Patient', id: 'p' }],
    participant: [{ onBehalfOf: { display: 'a' }, member: { reference: '#p' } }],
  },
})
add('CodeSystem', {
  'csd-1': [
    { concept: [{ code: 'a' }, { code: 'a' }] },
    { concept: [{ code: 'a', concept: [{ code: 'b' }] }, { code: 'b' }] },
  ],
})
add('Composition', {
  'cmp-1': { section: [{ title: 'a' }] },
  'cmp-2': { section: [{ emptyReason: { text: 'a' }, entry: [{ display: 'a' }] }] },
})
const unmapped = (unmapped: Json): Json => ({ group: [{ unmapped }] })
add('ConceptMap', {
  'cmd-1': { group: [{ element: [{ target: [{ equivalence: 'narrower' }] }] }] },
  'cmd-2': unmapped({ mode: 'fixed' }),
  'cmd-3': unmapped({ mode: 'other-map' }),
})
add('Condition', {
  'con-1': { stage: [{ type: { text: 'a' } }] },
  'con-2': { evidence: [{ id: 'a' }] },
  'con-3': { category: [{ text: 'problem-list-item' }] },
  'con-4': { abatementString: 'a' },
  'con-5': {
    verificationStatus: concept(`${HL7}/condition-ver-status`, 'entered-in-error'),
    clinicalStatus: { text: 'a' },
  },
})
add('Consent', {
  'ppc-1': {},
  'ppc-2': { scope: concept('something', 'patient-privacy') },
  'ppc-3': { scope: concept('something', 'research') },
  'ppc-4': { scope: concept('something', 'adr') },
  'ppc-5': { scope: concept('something', 'treatment') },
})
add('CoverageEligibilityResponse', { 'ces-1': { insurance: [{ item: [{ name: 'a' }] }] } })
add('FamilyMemberHistory', {
  'fhs-1': { ageString: 'a', bornString: 'b' },
  'fhs-2': { estimatedAge: true },
})
add('Goal', { 'gol-1': { target: [{ detailString: 'a' }] } })
add('Group', { 'grp-1': { actual: false, member: [{ entity: { display: 'a' } }] } })
add('Immunization', { 'imm-1': { education: [{ publicationDate: '2000' }] } })
add('ImmunizationRecommendation', { 'imr-1': { recommendation: [{ description: 'a' }] } })
add('ImplementationGuide', {
  'ig-1': { definition: { grouping: [{ id: 'a' }], resource: [{ groupingId: 'b' }] } },
  'ig-2': { fhirVersion: ['4.0.1'], definition: { resource: [{ fhirVersion: ['3.0.2'] }] } },
})
add('InsurancePlan', { 'ipn-1': {} })
add('Linkage', { 'lnk-1': { item: [{ type: 'source' }] } })
add('List', {
  'lst-1': { emptyReason: { text: 'a' }, entry: [{ item: { display: 'a' } }] },
  'lst-2': { mode: 'working', entry: [{ deleted: true }] },
  'lst-3': { mode: 'changes', entry: [{ date: '2000' }] },
})
add('Measure', { 'mea-1': { group: [{ stratifier: [{ id: 'a' }] }] } })
add('MeasureReport', {
  'mrp-1': { type: 'data-collection', group: [{ id: 'a' }] },
  'mrp-2': { group: [{ stratifier: [{ stratum: [{ id: 'a' }] }] }] },
})
add('MedicationAdministration', { 'mad-1': { dosage: { text: 'a' } } })
add('MedicationDispense', {
  'mdd-1': { whenPrepared: '2000-01-02T00:00:00Z', whenHandedOver: '2000-01-01T00:00:00Z' },
})
add('MessageDefinition', { 'md-1': { focus: [{ code: 'Patient', min: 0, max: '0' }] } })
const sequence = (referenceSeq: Json): Json => ({ coordinateSystem: 1, referenceSeq })
add('MolecularSequence', {
  'msq-3': { coordinateSystem: 2 },
  'msq-5': sequence({ chromosome: { text: '1' } }),
  'msq-6': sequence({ genomeBuild: 'a', referenceSeqString: 'AC' }),
})
add('NamingSystem', {
  'nsd-1': { kind: 'root', uniqueId: [{ type: 'uuid' }] },
  'nsd-2': {
    uniqueId: [
      { type: 'oid', preferred: true },
      { type: 'oid', preferred: true },
    ],
  },
})
add('NutritionOrder', { 'nor-1': {} })
const coding = [{ system: 'http://a', code: 'a' }]
add('Observation', {
  'obs-3': { referenceRange: [{ type: { text: 'a' } }] },
  'obs-6': { valueString: 'a', dataAbsentReason: { text: 'b' } },
  'obs-7': { code: { coding }, valueString: 'a', component: [{ code: { coding } }] },
})
const parameter = (members: Json): Json => ({ parameter: [members] })
add('OperationDefinition', {
  'opd-1': parameter({ name: 'a' }),
  'opd-2': parameter({ searchType: 'token', type: 'code' }),
  'opd-3': parameter({ targetProfile: ['http://a'], type: 'code' }),
})
add('Organization', {
  'org-1': {},
  'org-2': { address: [{ use: 'home' }] },
  'org-3': { telecom: [{ use: 'home' }] },
})
add('Parameters', { 'inv-1': [parameter({ name: 'a' }), parameter({ name: 'a', valueString: 'b', resource })] })
add('Patient', { 'pat-1': { contact: [{ gender: 'other' }] } })

const item = (members: Json): Json => ({ item: [{ linkId: '1', ...members }] })
add('Questionnaire', {
  'que-1': [item({ type: 'group' }), item({ type: 'display', item: [{ linkId: '2' }] })],
  'que-2': [
    { item: [{ linkId: '1' }, { linkId: '1' }] },
    { item: [{ linkId: '1', item: [{ linkId: '2' }] }, { linkId: '2' }] },
  ],
  'que-3': item({ type: 'display', code: [{ code: 'a' }] }),
  'que-4': item({ answerOption: [{ valueString: 'a' }], answerValueSet: 'http://a' }),
  'que-5': item({ type: 'boolean', answerValueSet: 'http://a' }),
  'que-6': item({ type: 'display', required: true }),
  'que-7': item({ enableWhen: [{ operator: 'exists', answerString: 'a' }] }),
  'que-8': item({ type: 'group', initial: [{ valueString: 'a' }] }),
  'que-9': item({ type: 'display', readOnly: true }),
  'que-10': item({ type: 'date', maxLength: 1 }),
  'que-11': item({ answerOption: [{ valueString: 'a' }], initial: [{ valueString: 'a' }] }),
  'que-12': item({ enableWhen: [{ question: '2' }, { question: '3' }] }),
  'que-13': item({ initial: [{ valueString: 'a' }, { valueString: 'b' }] }),
})
add('QuestionnaireResponse', { 'qrs-1': item({ answer: [{ valueString: 'a' }], item: [{ linkId: '2' }] }) })
add('RequestGroup', { 'rqg-1': { action: [{ title: 'a' }] } })
add('RiskAssessment', {
  'ras-1': { prediction: [{ probabilityRange: { low: { value: 1 } } }] },
  'ras-2': { prediction: [{ probabilityDecimal: 101 }] },
})
add('SearchParameter', {
  'spd-1': { xpath: 'a' },
  'spd-2': { chain: ['a'], type: 'token' },
})
add('ServiceRequest', { 'prr-1': { orderDetail: [{ text: 'a' }] } })

const snapshot = (...element: Json[]): Json => ({ snapshot: { element } })
const differential = (...element: Json[]): Json => ({ differential: { element } })
const CORE = { url: 'http://hl7.org/fhir/StructureDefinition/X' }
add('StructureDefinition', {
  'sdf-1': { derivation: 'specialization', ...snapshot({ path: 'A.b' }, { path: 'A.b' }) },
  'sdf-2': { mapping: [{ identity: 'a' }] },
  'sdf-3': snapshot({ path: 'A' }),
  'sdf-4': { abstract: false },
  'sdf-5': { type: 'Extension', derivation: 'constraint' },
  'sdf-6': {},
  'sdf-8': { kind: 'resource', type: 'Basic', ...snapshot({ path: 'Patient' }) },
  'sdf-8a': { kind: 'resource', type: 'Basic', ...differential({ path: 'Patient' }) },
  'sdf-8b': snapshot({ path: 'A' }),
  'sdf-9': differential({ path: 'A', label: 'a' }),
  'sdf-10': snapshot({ path: 'A', binding: { strength: 'required' } }),
  'sdf-11': { kind: 'resource', type: 'Basic', ...snapshot({ path: 'Patient' }) },
  'sdf-14': snapshot({ path: 'A' }),
  'sdf-15': { kind: 'resource', ...snapshot({ path: 'A', type: [{ code: 'A' }] }) },
  'sdf-15a': { kind: 'resource', ...differential({ path: 'A', type: [{ code: 'A' }] }) },
  'sdf-16': snapshot({ id: 'a' }, { id: 'a' }),
  'sdf-17': differential({ id: 'a' }, { id: 'a' }),
  'sdf-18': { contextInvariant: ['a'], type: 'Basic' },
  'sdf-19': { ...CORE, ...differential({ type: [{ code: 'a b' }] }) },
  'sdf-20': differential({ path: 'A', slicing: { rules: 'open' } }),
  'sdf-21': { derivation: 'constraint', ...differential({ defaultValueString: 'a' }) },
  'sdf-22': { ...CORE, ...differential({ defaultValueString: 'a' }) },
  'sdf-23': differential({ path: 'A', sliceName: 'a' }),
})
const rule = (target: Json): Json => ({ group: [{ rule: [{ target: [target] }] }] })
add('StructureMap', {
  'smp-1': rule({ element: 'a' }),
  'smp-2': rule({ context: 'a' }),
})
add('Task', { 'inv-1': { authoredOn: '2000-01-02T00:00:00Z', lastModified: '2000-01-01T00:00:00Z' } })
add('TerminologyCapabilities', {
  'tcp-1': { codeSystem: [{ version: [{ code: '1' }, { isDefault: true }] }] },
  'tcp-2': {},
  'tcp-3': { kind: 'instance' },
  'tcp-4': { kind: 'capability' },
  'tcp-5': { kind: 'requirements', software: { name: 'a' } },
})
const action = (place: string, members: Json): Json =>
  place === 'test' ? { test: [{ action: [members] }] } : { [place]: { action: [members] } }
add('TestReport', {
  'inv-1': action('setup', { id: 'a' }),
  'inv-2': action('test', { id: 'a' }),
})
const twice = { path: 'a', expression: 'b' }
add('TestScript', {
  'tst-1': action('setup', { id: 'a' }),
  'tst-2': action('test', { id: 'a' }),
  'tst-3': { variable: [{ name: 'a', expression: 'a', headerField: 'b', path: 'c' }] },
  'tst-4': { metadata: { capability: [{ description: 'a' }] } },
  'tst-5': action('setup', { assert: twice }),
  'tst-6': action('test', { assert: twice }),
  'tst-7': action('setup', { operation: { targetId: 'a', url: 'b' } }),
  'tst-8': action('test', { operation: { targetId: 'a', url: 'b' } }),
  'tst-9': action('teardown', { operation: { targetId: 'a', url: 'b' } }),
  'tst-10': action('setup', { assert: { compareToSourceId: 'a' } }),
  'tst-11': action('test', { assert: { compareToSourceId: 'a' } }),
  'tst-12': action('setup', { assert: { direction: 'request', response: 'okay' } }),
  'tst-13': action('test', { assert: { direction: 'request', response: 'okay' } }),
})
const include = (include: Json): Json => ({ compose: { include: [include] } })
const contains = (contains: Json): Json => ({ expansion: { contains: [contains] } })
add('ValueSet', {
  'vsd-1': include({ version: '1' }),
  'vsd-2': include({ concept: [{ code: 'a' }] }),
  'vsd-3': include({ system: 'http://a', concept: [{ code: 'a' }], filter: [{ property: 'a' }] }),
  'vsd-6': contains({ system: 'http://a' }),
  'vsd-9': contains({ display: 'a' }),
  'vsd-10': contains({ code: 'a' }),
})
