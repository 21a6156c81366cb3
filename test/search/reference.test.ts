import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type SearchServer, value } from './server.js'

let server: SearchServer
beforeAll(async () => {
  server = await openServer({ BASE_URL: 'https://our.example.org' })
})
afterAll(() => server.stop())

const patientOf = (reference: string) => ({ subject: { reference } })

describe('references', () => {
  beforeAll(async () => {
    const observation = (id: string, more: object) => ({
      resourceType: 'Observation',
      id,
      status: 'final',
      code: { text: 'x' },
      ...more,
    })
    await server.put(observation('of-urn', patientOf('urn:oid:1.2.3')))
    await server.put(
      { resourceType: 'Patient', id: '1' },
      { resourceType: 'Group', id: '1', type: 'person', actual: true },
      observation('of-patient', patientOf('Patient/1')),
      observation('of-version', patientOf('Patient/1/_history/3')),
      observation('of-group', patientOf('Group/1')),
      observation('of-other', patientOf('Patient/2')),
      observation('of-foreign', patientOf('http://elsewhere.org/fhir/Patient/1')),
      observation('contained', { ...patientOf('#p'), contained: [{ resourceType: 'Patient', id: 'p' }] }),
      observation('logical', { subject: { type: 'Patient', identifier: { system: 'http://mrn', value: '42' } } }),
      observation('logical-bare', { subject: { identifier: { value: '42' }, display: 'Somebody' } }),
      observation('none', {}),
    )
  })

  it.each([
    ['subject=Patient/1', ['of-patient', 'of-version']],
    ['patient=Patient/1', ['of-patient', 'of-version']],
    ['patient=1', ['of-patient', 'of-version']],
    ['subject=1', ['of-group', 'of-patient', 'of-version']],
    ['subject=Group/1', ['of-group']],
    ['subject:Patient=1', ['of-patient', 'of-version']],
    ['subject:Patient=Patient/1', ['of-patient', 'of-version']],
    ['subject:Group=1', ['of-group']],
    ['subject=Patient/1,Patient/2', ['of-other', 'of-patient', 'of-version']],
    ['patient=1,2', ['of-other', 'of-patient', 'of-version']],
    ['patient=1&patient=2', []],
    ['subject=Patient/1,Group/1', ['of-group', 'of-patient', 'of-version']],
    ['subject=Patient/3', []],
    ['subject=https://our.example.org/fhir/Patient/1', ['of-patient', 'of-version']],
    ['subject=http://elsewhere.org/fhir/Patient/1', ['of-foreign']],
    ['subject=http://elsewhere.org/fhir/Patient/2', []],
    ['subject=urn:oid:1.2.3', ['of-urn']],
    ['subject=Patient/1/_history/3', ['of-patient', 'of-version']],
    ['subject:identifier=http://mrn|42', ['logical']],
    ['subject:identifier=42', ['logical', 'logical-bare']],
    ['subject:identifier=|42', ['logical-bare']],
    ['patient:identifier=http://mrn|42', ['logical']],
    ['subject:missing=true', ['none']],
    ['patient:missing=false', ['of-other', 'of-patient', 'of-version']],
    ['patient=1&status=final', ['of-patient', 'of-version']],
    ['patient=1&_id=of-version', ['of-version']],
    ['patient=1&patient:missing=true', []],
  ])('Observation?%s', async (query, expected) => {
    expect(await server.found(`Observation?${query}`)).toEqual(expected)
    expect(await server.found(`Observation?${query}&_sort=_id`)).toEqual(expected)
    expect((await server.get(`Observation?${query}&_summary=count`)).total).toBe(expected.length)
  })

  it.each([
    ['subject=Practitioner/1', /Observation.subject cannot refer to a Practitioner; it can to .*Patient/],
    ['patient=Group/1', /Observation.patient cannot refer to a Group/],
    [
      'subject:Practitioner=1',
      /:Practitioner is not supported on Observation; this parameter takes :identifier .*:Patient/,
    ],
    ['subject:Patient=Group/1', /the value names a Group, the modifier a Patient/],
    ['subject=%23p', /contained/],
    ['subject:exact=1', /is not supported/],
  ])('refuses %s', async (query, reason) => {
    expect(await server.refused(`Observation?${query}`)).toMatch(reason)
  })
})

describe('canonicals', () => {
  beforeAll(() => {
    const request = (id: string, ...instantiatesCanonical: string[]) => ({
      resourceType: 'ServiceRequest',
      id,
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/1' },
      instantiatesCanonical,
    })
    return server.put(
      request('any', 'http://example.org/PlanDefinition/p'),
      request('v1', 'http://example.org/PlanDefinition/p|1'),
      request('v2', 'http://example.org/PlanDefinition/p|2', 'http://example.org/PlanDefinition/q'),
    )
  })

  it.each([
    ['http://example.org/PlanDefinition/p', ['any', 'v1', 'v2']],
    ['http://example.org/PlanDefinition/p|1', ['v1']],
    ['http://example.org/PlanDefinition/p|1,http://example.org/PlanDefinition/q', ['v1', 'v2']],
    ['http://example.org/PlanDefinition/p|3', []],
    ['http://example.org/PlanDefinition', []],
  ])('%s', async (canonical, expected) => {
    expect(await server.found(`ServiceRequest?instantiates-canonical=${value(canonical)}`)).toEqual(expected)
  })
})

describe('several patients', () => {
  beforeAll(() => {
    const appointment = (id: string, start: string, ...actors: string[]) => ({
      resourceType: 'Appointment',
      id,
      status: 'booked',
      start,
      end: start,
      participant: actors.map((reference) => ({ actor: { reference }, status: 'accepted' })),
    })
    return server.put(
      { resourceType: 'Patient', id: 'p1', gender: 'male' },
      { resourceType: 'Patient', id: 'p2', gender: 'female' },
      appointment('one', '2024-01-01T10:00:00Z', 'Patient/p1', 'Practitioner/d'),
      appointment('two', '2024-01-02T10:00:00Z', 'Patient/p1', 'Patient/p2'),
      appointment('other', '2024-01-03T10:00:00Z', 'Patient/p2', 'Location/d'),
      appointment('twice', '2024-01-04T10:00:00Z', 'Patient/p2', 'Patient/p2'),
      appointment('nobody', '2024-01-05T10:00:00Z', 'Practitioner/d'),
      {
        resourceType: 'Account',
        id: 'family',
        status: 'active',
        subject: [{ reference: 'Patient/p1' }, { reference: 'Patient/p2' }],
      },
      { resourceType: 'Account', id: 'own', status: 'active', subject: [{ reference: 'Patient/p1' }] },
    )
  })

  it.each([
    ['Appointment?patient=p1', ['one', 'two']],
    ['Appointment?patient=Patient/p2', ['other', 'twice', 'two']],
    ['Appointment?actor=Patient/p1', ['one', 'two']],
    ['Appointment?actor=Practitioner/d', ['nobody', 'one']],
    ['Appointment?practitioner=d', ['nobody', 'one']],
    ['Appointment?location=Location/d', ['other']],
    ['Appointment?patient=p1&patient=p2', ['two']],
    ['Appointment?patient=p1,p2', ['one', 'other', 'twice', 'two']],
    ['Appointment?patient=p1&practitioner=d', ['one']],
    ['Appointment?patient=p2&date=ge2024-01-03', ['other', 'twice']],
    ['Appointment?patient=p1&date=ge2024-01-02', ['two']],
    ['Appointment?patient.gender=male', ['one', 'two']],
    ['Appointment?patient.gender=female', ['other', 'twice', 'two']],
    ['Appointment?patient:missing=true', ['nobody']],
    ['Account?patient=p1', ['family', 'own']],
    ['Account?patient=p2', ['family']],
    ['Account?subject=Patient/p2', ['family']],
    ['Patient?_has:Appointment:patient:_id=two', ['p1', 'p2']],
    ['Patient?_has:Appointment:patient:date=2024-01-01', ['p1']],
    ['Patient?_has:Account:patient:_id=own', ['p1']],
  ])('%s', async (query, expected) => {
    expect(await server.found(query)).toEqual(expected)
    expect((await server.get(`${query}&_summary=count`)).total).toBe(expected.length)
  })

  it('come by date, those of one patient and those of several together', async () => {
    expect(await server.ids('Appointment?patient=p2&_sort=-date')).toEqual(['twice', 'other', 'two'])
    expect(await server.ids('Appointment?patient=p2&_sort=date')).toEqual(['two', 'other', 'twice'])
    const pages: string[][] = []
    for await (const { ids } of server.pages('Appointment?patient=p2&_sort=-date&_count=1')) pages.push(ids)
    expect(pages).toEqual([['twice'], ['other'], ['two']])
  })
})

describe('chains and _has', () => {
  beforeAll(() => {
    const encounter = (id: string, subject: string, practitioner: string) => ({
      resourceType: 'Encounter',
      id,
      status: 'finished',
      class: { code: 'AMB' },
      subject: { reference: subject },
      participant: [{ individual: { reference: practitioner } }],
    })
    const observation = (id: string, subject: string, code: string, more = {}) => ({
      resourceType: 'Observation',
      id,
      status: 'final',
      code: { coding: [{ code }] },
      subject: { reference: subject },
      ...more,
    })
    return server.put(
      { resourceType: 'Organization', id: 'hospital', name: 'General Hospital', address: [{ city: 'Boston' }] },
      { resourceType: 'Organization', id: 'ward', name: 'Ward', partOf: { reference: 'Organization/hospital' } },
      { resourceType: 'Organization', id: 'island', name: 'Island' },
      {
        resourceType: 'Practitioner',
        id: 'doc',
        name: [{ family: 'Welby' }],
        identifier: [{ system: 'http://npi', value: '9' }],
      },
      { resourceType: 'Practitioner', id: 'nurse', name: [{ family: 'Ratched' }] },
      {
        resourceType: 'Patient',
        id: 'ann',
        name: [{ family: 'Ann' }],
        birthDate: '1980-01-01',
        managingOrganization: { reference: 'Organization/ward' },
        generalPractitioner: [{ reference: 'Practitioner/doc' }],
      },
      {
        resourceType: 'Patient',
        id: 'bob',
        name: [{ family: 'Bob' }],
        managingOrganization: { reference: 'Organization/island' },
        generalPractitioner: [{ reference: 'Organization/ward' }],
      },
      { resourceType: 'Device', id: 'pump', deviceName: [{ name: 'Ann', type: 'other' }] },
      {
        resourceType: 'Group',
        id: 'all',
        type: 'person',
        actual: true,
        member: [{ entity: { reference: 'Patient/bob' } }],
      },
      encounter('visit', 'Patient/ann', 'Practitioner/doc'),
      encounter('check', 'Patient/bob', 'Practitioner/nurse'),
      observation('weight', 'Patient/ann', 'w', {
        encounter: { reference: 'Encounter/visit' },
        performer: [{ reference: 'Practitioner/doc' }],
      }),
      observation('height', 'Patient/bob', 'h', {
        encounter: { reference: 'Encounter/check' },
        performer: [{ reference: 'Practitioner/nurse' }],
      }),
      observation('flow', 'Device/pump', 'f'),
      {
        resourceType: 'DiagnosticReport',
        id: 'report',
        status: 'final',
        code: { text: 'r' },
        result: [{ reference: 'Observation/weight' }],
      },
    )
  })

  it.each([
    ['Observation?patient.family=ann', ['weight']],
    ['Observation?subject:Patient.family=ann,bob', ['height', 'weight']],
    ['Observation?subject:Device.device-name=ann', ['flow']],
    // of several targets those that have the parameter
    ['Observation?subject.identifier:missing=true&code=w,h,f', ['flow', 'height', 'weight']],
    ['Observation?subject.family=ann', ['weight']],
    ['Observation?subject._id=ann,pump', ['flow', 'weight']],
    ['Observation?patient.birthdate=lt1990', ['weight']],
    ['Observation?patient.organization.name=ward', ['weight']],
    ['Observation?patient.organization.partof.name=general', ['weight']],
    ['Observation?patient.organization.partof.address-city=boston', ['weight']],
    ['Observation?patient.organization.partof.address-city=paris', []],
    ['Observation?encounter.participant:Practitioner.name=welby', ['weight']],
    ['Observation?encounter.participant:Practitioner.identifier=http://npi|9', ['weight']],
    ['Observation?encounter.patient.organization.name=island', ['height']],
    ['Observation?patient.general-practitioner:Practitioner.name=welby', ['weight']],
    ['Observation?patient.general-practitioner:Organization.name=ward', ['height']],
    ['Observation?patient.general-practitioner.name=w', ['height', 'weight']],
    ['Observation?patient.family=ann&encounter.status=finished', ['weight']],
    ['Observation?patient.family=bob&performer:Practitioner.family=welby', []],
    ['Observation?patient.family:exact=Ann', ['weight']],
    ['Observation?patient.gender:missing=true&code=w,h', ['height', 'weight']],
    ['Observation?patient.gender:not=male&code=w,h', ['height', 'weight']],
    ['DiagnosticReport?result.patient.family=ann', ['report']],
    ['Observation?patient._has:Encounter:patient:participant:Practitioner.name=welby', ['weight']],
    ['Observation?patient._has:Observation:patient:_has:DiagnosticReport:result:status=final', ['weight']],
    ['DiagnosticReport?result.patient._has:Encounter:patient:status:not=planned', ['report']],
    ['Patient?_has:Observation:patient:_has:DiagnosticReport:result:result.patient.family=bob', []],
    ['Organization?_has:Patient:organization:_has:Encounter:patient:participant:Practitioner.name=welby', ['ward']],
    ['DiagnosticReport?result.patient.family=bob', []],
    ['Patient?_has:Observation:patient:code=w', ['ann']],
    ['Patient?_has:Observation:subject:code=w,h', ['ann', 'bob']],
    ['Patient?_has:Observation:patient:code=w&_has:Observation:patient:code=h', []],
    ['Patient?_has:Observation:patient:code=w&_has:Encounter:patient:status=finished', ['ann']],
    ['Device?_has:Observation:subject:code=f', ['pump']],
    ['Practitioner?_has:Observation:performer:code=w', ['doc']],
    ['Practitioner?_has:Encounter:practitioner:patient.family=bob', ['nurse']],
    ['Patient?_has:Encounter:patient:participant:Practitioner.name=welby', ['ann']],
    ['Patient?_has:Observation:patient:_has:DiagnosticReport:result:_id=report', ['ann']],
    ['Patient?_has:Observation:patient:_has:DiagnosticReport:result:status=amended', []],
    ['Organization?_has:Patient:organization:_has:Observation:patient:code=w', ['ward']],
    ['Organization?_has:Organization:partof:_has:Patient:organization:family=ann', ['hospital']],
    ['Patient?_has:Group:member:_id=all', ['bob']],
    ['Encounter?patient._has:Group:member:_id=all', ['check']],
    ['Observation?patient._has:Encounter:patient:participant:Practitioner.name=ratched', ['height']],
    ['Encounter?_has:Observation:encounter:code=h&patient.family=bob', ['check']],
    ['Patient?_has:Observation:patient:code:not=w&family:missing=false', ['bob']],
    ['Patient?_has:Observation:patient:date:missing=true&family=ann', ['ann']],
  ])('%s', async (query, expected) => {
    expect(await server.found(query)).toEqual(expected)
    expect(await server.found(`${query}&_sort=_id`)).toEqual(expected)
    expect((await server.get(`${query}&_summary=count`)).total).toBe(expected.length)
  })

  it.each([
    ['Observation?code.name=x', /code is no reference/],
    ['Observation?patient.colour=x', /Patient has no search parameter colour; it has .*birthdate/],
    ['Observation?subject:Practitioner.name=x', /cannot refer to a Practitioner; it can to .*Patient/],
    ['Observation?patient.birthdate=soon', /not a date/],
    ['Patient?_has:Observation:patient=x', /right is _has:Type:reference:parameter/],
    ['Patient?_has:Colour:patient:code=x', /Colour is not a resource type/],
    ['Patient?_has:Observation:code:code=x', /Observation.code does not refer to Patient/],
    ['Patient?_has:Observation:encounter:code=x', /Observation.encounter does not refer to Patient/],
    ['Patient?_has:Observation:patient:colour=x', /Observation has no search parameter colour/],
  ])('refuses %s', async (query, reason) => {
    expect(await server.refused(query)).toMatch(reason)
  })

  it('does not follow what is deleted', async () => {
    await server.put(
      { resourceType: 'Patient', id: 'gone', name: [{ family: 'Gone' }] },
      {
        resourceType: 'Observation',
        id: 'orphan',
        status: 'final',
        code: { coding: [{ code: 'orphan' }] },
        subject: { reference: 'Patient/gone' },
      },
    )
    expect(await server.found('Observation?patient.family=gone')).toEqual(['orphan'])
    expect(await server.found('Patient?_has:Observation:patient:code=orphan')).toEqual(['gone'])
    await server.remove('Patient/gone')
    expect(await server.found('Observation?patient.family=gone')).toEqual([])
    expect(await server.found('Observation?patient=gone')).toEqual(['orphan'])
    expect(await server.found('Patient?_has:Observation:patient:code=orphan')).toEqual([])
    await server.put({ resourceType: 'Patient', id: 'gone', name: [{ family: 'Back' }] })
    expect(await server.found('Observation?patient.family=gone')).toEqual([])
    expect(await server.found('Observation?patient.family=back')).toEqual(['orphan'])
    await server.remove('Observation/orphan')
    expect(await server.found('Patient?_has:Observation:patient:code=orphan')).toEqual([])
  })
})

describe('chains and _has over more than can be named one by one', () => {
  const MANY = 620 // find.ts names at most 500 targets
  const batchOf = (i: number) => (i % 2 ? 'odd' : 'even')
  beforeAll(() =>
    server.put(
      ...Array.from({ length: MANY }, (_, i) => ({
        resourceType: 'Patient',
        id: `many${i}`,
        active: true,
        meta: { tag: [{ code: 'many' }, { code: batchOf(i) }] },
        managingOrganization: { reference: `Organization/${i % 3 ? 'hospital' : 'ward'}` },
      })),
      ...Array.from({ length: 30 }, (_, i) => ({
        resourceType: 'Procedure',
        id: `proc${i}`,
        status: i % 3 ? 'completed' : 'stopped',
        subject: { reference: i === 29 ? 'Group/all' : `Patient/many${i}` },
        performedDateTime: `2024-01-${String(i + 1).padStart(2, '0')}`,
      })),
      {
        resourceType: 'Appointment',
        id: 'many-two',
        status: 'booked',
        participant: ['many1', 'many2'].map((id) => ({ actor: { reference: `Patient/${id}` }, status: 'accepted' })),
      },
    ),
  )

  const procedures = (keep: (i: number) => boolean) =>
    Array.from({ length: 29 }, (_, i) => i)
      .filter(keep)
      .map((i) => `proc${i}`)
      .sort()

  it.each([
    ['Procedure?patient._tag=many', procedures(() => true)],
    ['Procedure?subject._tag=many', procedures(() => true)],
    ['Procedure?subject:Patient._tag=many&status=stopped', procedures((i) => i % 3 === 0)],
    ['Procedure?patient._tag=many&patient._tag=odd', procedures((i) => i % 2 === 1)],
    ['Procedure?patient.organization.name=general', procedures((i) => i % 3 !== 0)],
    ['Procedure?patient.organization.name=general,ward&date=ge2024-01-28', ['proc27', 'proc28']],
    ['Procedure?patient._tag:not=odd&patient._tag=many', procedures((i) => i % 2 === 0)],
    ['Appointment?patient._tag=many', ['many-two']],
    ['Organization?_has:Patient:organization:_tag=many', ['hospital', 'ward']],
    ['Organization?_has:Patient:organization:_has:Procedure:patient:date=2024-01-01', ['ward']],
    [
      'Patient?_has:Procedure:patient:status=stopped&_tag=many',
      procedures((i) => i % 3 === 0).map((id) => id.replace('proc', 'many')),
    ],
    ['Patient?_has:Procedure:patient:date:missing=true', []],
    ['Patient?_has:Appointment:patient:_id=many-two', ['many1', 'many2']],
  ])('%s', async (query, expected) => {
    expect(await server.found(query)).toEqual(expected)
    expect(await server.found(`${query}&_sort=-_lastUpdated&_count=7`)).toEqual(expected)
    expect((await server.get(`${query}&_summary=count`)).total).toBe(expected.length)
  })
})
