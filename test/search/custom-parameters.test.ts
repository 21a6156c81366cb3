import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { idsOf, openServer, type RestServer, statementOf } from '../rest/server.js'

// Search parameters that a client defines: https://hl7.org/fhir/R4/searchparameter.html

let server: RestServer

/** Slices of two rows, so that a reindex takes several transactions. */
beforeAll(async () => {
  server = await openServer({ INGLE_REINDEX_SLICE: '2', INGLE_REINDEX_PAUSE_MS: '0' })
})
afterAll(() => server.stop())

const URL = 'http://example.org/fhir/SearchParameter'
const PHONE = 'http://example.org/fhir/StructureDefinition/phone'

type Parameter = Record<string, unknown> & { id: string; code: string }

function parameter({ id, code, ...rest }: Parameter) {
  return {
    resourceType: 'SearchParameter',
    id,
    url: `${URL}/${id}`,
    name: 'Custom',
    status: 'active',
    description: 'What the caller rang from',
    code,
    base: ['Communication'],
    type: 'token',
    expression: `Communication.extension('${PHONE}').value.as(ContactPoint)`,
    ...rest,
  }
}

const matches = async (query: string): Promise<number> =>
  (await server.expect(200, `GET ${query}&_summary=count`)).json.total

/** Declares it, and has what is stored indexed. */
async function indexed(given: Parameter): Promise<void> {
  await server.expect(201, `PUT SearchParameter/${given.id}`, { body: parameter(given) })
  await reindexed(`SearchParameter/${given.id}/$reindex`)
}

async function reindexed(operation: string) {
  const { headers } = await server.expect(202, `POST ${operation}`)
  const url = headers.get('content-location')!
  for (;;) {
    const { json } = await server.expect(200, `GET ${url}`)
    const status = part(json.parameter[0], 'status')
    if (status !== 'queued' && status !== 'in-progress') {
      expect(status, JSON.stringify(json)).toBe('completed')
      return json
    }
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}

// biome-ignore lint/suspicious/noExplicitAny: parameters of every type
const part = (parameter: any, name: string) => {
  const found = parameter.part.find((one: { name: string }) => one.name === name)
  return found && Object.entries(found).find(([key]) => key.startsWith('value'))?.[1]
}

const call = (id: string, phone: string) => ({
  resourceType: 'Communication',
  id,
  status: 'completed',
  extension: [{ url: PHONE, valueContactPoint: { system: 'phone', value: phone } }],
})

describe('a SearchParameter', () => {
  it('is declared, refused until it is indexed, and then finds what was there before and what came after', async () => {
    for (let i = 0; i < 5; i++)
      await server.expect(201, `PUT Communication/c${i}`, { body: call(`c${i}`, `+1206555000${i}`) })
    await server.expect(201, 'PUT SearchParameter/caller', { body: parameter({ id: 'caller', code: 'caller' }) })

    const declared = statementOf(await server.expect(200, 'GET metadata'))
    const listed = () => declared.rest![0]!.resource!.find(({ type }) => type === 'Communication')!.searchParam!
    expect(listed().find(({ name }) => name === 'caller')).toMatchObject({ type: 'token', definition: `${URL}/caller` })
    expect(listed().find(({ name }) => name === 'caller')!.documentation).toContain('not indexed yet')

    const refusal = await server.refused(400, 'GET Communication?caller=%2B12065550003')
    expect(refusal).toBe(
      'caller is declared, not indexed yet: run SearchParameter/caller/$reindex and wait until it has completed.',
    )
    await server.refused(400, 'GET Communication?_sort=caller')

    const job = await reindexed('SearchParameter/caller/$reindex')
    const progress = job.parameter[0].part.filter(({ name }: { name: string }) => name === 'progress')
    expect(progress).toHaveLength(1)
    expect([
      part(progress[0], 'type'),
      part(progress[0], 'total'),
      part(progress[0], 'done'),
      part(progress[0], 'changed'),
    ]).toEqual(['Communication', 5, 5, 5])

    expect(idsOf(await server.ask('GET Communication?caller=%2B12065550003'))).toEqual(['c3'])
    await server.expect(201, 'PUT Communication/c9', { body: call('c9', '+12065550003') })
    expect(idsOf(await server.ask('GET Communication?caller=%2B12065550003'))).toEqual(['c3', 'c9'])
    await server.expect(200, 'PUT Communication/c3', { body: call('c3', '+12065550007') })
    expect(idsOf(await server.ask('GET Communication?caller=%2B12065550003'))).toEqual(['c9'])
    expect(idsOf(await server.ask('GET Communication?caller:missing=true'))).toEqual([])
    const now = statementOf(await server.expect(200, 'GET metadata'))
    const mine = now
      .rest![0]!.resource!.find(({ type }) => type === 'Communication')!
      .searchParam!.find(({ name }) => name === 'caller')
    expect(mine!.documentation).toBe('What the caller rang from')
  })

  it('serves conditional writes, chains and _has', async () => {
    await indexed({
      id: 'note',
      code: 'note',
      type: 'string',
      base: ['Communication'],
      expression: 'Communication.note.text',
    })
    const body = {
      resourceType: 'Communication',
      status: 'completed',
      note: [{ text: 'Left a message' }],
      subject: { reference: 'Patient/chained' },
    }
    await server.expect(201, 'PUT Patient/chained', { body: { resourceType: 'Patient', id: 'chained' } })
    await server.expect(201, 'PUT Communication?note=left', { body })
    await server.expect(200, 'PUT Communication?note=left', { body })
    expect(idsOf(await server.ask('GET Patient?_has:Communication:subject:note=left'))).toEqual(['chained'])
    expect(await matches('Communication?note:contains=message')).toBe(1)
  })

  it.each([
    ['string', 'nick', "Patient.name.where(use='nickname').given", 'jo', 'custom1'],
    ['date', 'photo-date', 'Patient.photo.creation', 'ge2020', 'custom1'],
    ['number', 'birth-order', 'Patient.multipleBirth.as(integer)', '2', 'custom1'],
    ['quantity', 'weight', "Patient.extension('http://example.org/weight').value.as(Quantity)", '72.5||kg', 'custom1'],
    ['uri', 'photo-url', 'Patient.photo.url', 'http://example.org/p.png', 'custom1'],
    ['reference', 'ward', "Patient.extension('http://example.org/ward').value.as(Reference)", 'Location/w1', 'custom1'],
    ['token', 'mother', 'Patient.contact.relationship', 'http://terminology.hl7.org/CodeSystem/v2-0131|N', 'custom1'],
  ])('of type %s finds by its values', async (type, code, expression, value, id) => {
    const body = {
      resourceType: 'Patient',
      id,
      name: [{ use: 'nickname', given: ['Jo'] }],
      photo: [{ creation: '2021-02-03', url: 'http://example.org/p.png' }],
      multipleBirthInteger: 2,
      contact: [
        {
          relationship: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0131', code: 'N' }] }],
          name: { text: 'M' },
        },
      ],
      extension: [
        { url: 'http://example.org/weight', valueQuantity: { value: 72.5, unit: 'kg' } },
        { url: 'http://example.org/ward', valueReference: { reference: 'Location/w1' } },
      ],
    }
    expect((await server.ask(`PUT Patient/${id}`, { body })).text).toContain('custom1')
    await indexed({ id: code, code, type, base: ['Patient'], expression })
    expect(idsOf(await server.expect(200, `GET Patient?${code}=${encodeURIComponent(value)}`))).toEqual([id])
    expect(
      idsOf(
        await server.expect(
          200,
          `GET Patient?_id=${id}&_sort=${type === 'quantity' || type === 'reference' || type === 'token' ? '_id' : code}`,
        ),
      ),
    ).toEqual([id])
  })

  it('of several parts finds those that stand together', async () => {
    await indexed({
      id: 'contact-name',
      code: 'contact-name',
      type: 'token',
      base: ['Organization'],
      expression: 'Organization.contact.purpose',
    })
    await indexed({
      id: 'contact-phone',
      code: 'contact-phone',
      type: 'token',
      base: ['Organization'],
      expression: 'Organization.contact.telecom',
    })
    await indexed({
      id: 'contact-pair',
      code: 'contact-pair',
      type: 'composite',
      base: ['Organization'],
      expression: 'Organization.contact',
      component: [
        { definition: `${URL}/contact-name`, expression: 'purpose' },
        { definition: `${URL}/contact-phone`, expression: 'telecom' },
      ],
    })
    const contact = (code: string, value: string) => ({
      purpose: { coding: [{ system: 'urn:purpose', code }] },
      telecom: [{ system: 'url', value }],
    })
    const body = {
      resourceType: 'Organization',
      id: 'pairs',
      name: 'Pairs',
      contact: [contact('BILL', '1'), contact('PRESS', '2')],
    }
    await server.expect(201, 'PUT Organization/pairs', { body })
    expect(await matches('Organization?contact-pair=BILL$1')).toBe(1)
    expect(await matches('Organization?contact-pair=BILL$2')).toBe(0)
    expect(await server.refused(409, 'DELETE SearchParameter/contact-phone')).toContain(
      'contact-pair is composed of it',
    )
    const retired = { ...parameter({ id: 'contact-name', code: 'contact-name' }), status: 'retired' }
    await server.refused(409, 'PUT SearchParameter/contact-name', { body: retired })
  })

  it('of every type is there on each of them', async () => {
    await indexed({ id: 'any-tag', code: 'any-tag', base: ['Resource'], expression: 'Resource.meta.tag' })
    const meta = { tag: [{ system: 'urn:t', code: 'seen' }] }
    await server.expect(201, 'PUT Basic/b1', { body: { resourceType: 'Basic', id: 'b1', code: { text: 'x' }, meta } })
    await server.expect(201, 'PUT Group/g1', {
      body: { resourceType: 'Group', id: 'g1', type: 'person', actual: true, meta },
    })
    expect(idsOf(await server.expect(200, 'GET ?any-tag=seen&_type=Basic,Group')).sort()).toEqual(['b1', 'g1'])
  })

  it('that references is included and reverse included', async () => {
    await indexed({
      id: 'origin',
      code: 'origin',
      type: 'reference',
      base: ['Communication'],
      target: ['Device'],
      expression: "Communication.extension('http://example.org/origin').value.as(Reference)",
    })
    await server.expect(201, 'PUT Device/d1', { body: { resourceType: 'Device', id: 'd1' } })
    const extension = [{ url: 'http://example.org/origin', valueReference: { reference: 'Device/d1' } }]
    await server.expect(201, 'PUT Communication/from', {
      body: { resourceType: 'Communication', id: 'from', status: 'completed', extension },
    })
    expect(idsOf(await server.expect(200, 'GET Communication?origin=d1&_include=Communication:origin')).sort()).toEqual(
      ['d1', 'from'],
    )
    expect(idsOf(await server.expect(200, 'GET Device?_id=d1&_revinclude=Communication:origin')).sort()).toEqual([
      'd1',
      'from',
    ])
    expect(idsOf(await server.expect(200, 'GET Communication?origin.type:missing=true')).length).toBe(1)
  })

  it('whose expression the compiler does not know is evaluated, and says that it is slow', async () => {
    const expression = 'Patient.name.where(given.count() > 1).family.upper()'
    await indexed({ id: 'many', code: 'many-names', type: 'string', base: ['Patient'], expression })
    await server.expect(201, 'PUT Patient/m1', {
      body: { resourceType: 'Patient', id: 'm1', name: [{ family: 'Ito', given: ['A', 'B'] }] },
    })
    await server.expect(201, 'PUT Patient/m2', {
      body: { resourceType: 'Patient', id: 'm2', name: [{ family: 'Ito', given: ['A'] }] },
    })
    expect(idsOf(await server.expect(200, 'GET Patient?many-names:exact=ITO'))).toEqual(['m1'])
    const { rest } = statementOf(await server.expect(200, 'GET metadata'))
    const mine = rest![0]!
      .resource!.find(({ type }) => type === 'Patient')!
      .searchParam!.find(({ name }) => name === 'many-names')
    expect(mine!.documentation).toContain('FHIRPath engine')
  })

  it('whose expression fails on a resource keeps it from nothing', async () => {
    await indexed({
      id: 'fails',
      code: 'fails',
      type: 'string',
      base: ['Patient'],
      expression: "Patient.name.family + 'x'",
    })
    const name = [{ family: 'One' }, { family: 'Two' }]
    await server.expect(201, 'PUT Patient/f1', { body: { resourceType: 'Patient', id: 'f1', name } })
    await server.expect(201, 'PUT Patient/f2', {
      body: { resourceType: 'Patient', id: 'f2', name: [{ family: 'One' }] },
    })
    const found = await server.expect(200, 'GET Patient?fails=one')
    expect(idsOf(found)).toEqual(['f2'])
    expect(found.json.entry[1].resource.issue[0]).toMatchObject({
      severity: 'warning',
      diagnostics: '1 Patient cannot be found by fails: its expression fails on them',
    })
    expect(idsOf(await server.expect(200, 'GET Patient?family=two'))).toEqual(['f1'])
  })
})

describe('a SearchParameter is refused that', () => {
  it.each<[string, number, Partial<Parameter>, string]>([
    ['has the code of a standard one', 409, { code: 'status' }, 'Communication has a search parameter status already'],
    [
      'has the code of one on any of its bases',
      409,
      { code: 'email', base: ['Communication', 'Patient'], expression: 'Patient.telecom | Communication.note.text' },
      'Patient has a search parameter email',
    ],
    ['names an element that is not there', 422, { expression: 'Communication.colour' }, "has no element 'colour'"],
    [
      'names one as JSON does',
      422,
      { expression: "Communication.extension.where(url='urn:x').valueDateTime" },
      'what JSON calls valueDateTime is value.ofType(dateTime) in FHIRPath',
    ],
    ['is no FHIRPath', 422, { expression: 'Communication.note..text' }, 'expression'],
    [
      'says nothing of a base',
      422,
      { base: ['Communication', 'Patient'], expression: 'Communication.note.text' },
      'says nothing of Patient',
    ],
    [
      'finds what its type cannot search',
      422,
      { type: 'quantity', expression: 'Communication.note.text' },
      'quantity cannot search',
    ],
    ['looks beyond the resource', 422, { expression: 'Communication.subject.resolve().name' }, 'resolve()'],
    ['is special', 422, { type: 'special' }, 'special'],
    [
      'is composed of what is not known',
      422,
      {
        type: 'composite',
        expression: 'Communication',
        component: [
          { definition: 'urn:no', expression: 'a' },
          { definition: 'urn:no', expression: 'b' },
        ],
      },
      'component[0].definition',
    ],
    ['has a code that no query could name', 422, { code: 'a:b' }, 'code'],
    ['claims a name of the standard', 422, { code: '_mine' }, 'code'],
    [
      'takes the url of a standard one and says otherwise',
      409,
      {
        url: 'http://hl7.org/fhir/SearchParameter/Communication-medium',
        code: 'medium',
        expression: 'Communication.category',
      },
      'as the standard defines it',
    ],
  ])('%s', async (_, status, given, message) => {
    const body = parameter({ id: 'refused', code: 'refused', ...given })
    expect(await server.refused(status, 'PUT SearchParameter/refused', { body })).toContain(message)
    await server.expect(404, 'GET SearchParameter/refused')
  })

  it('has the code or the url of another one', async () => {
    await server.expect(201, 'PUT SearchParameter/first', { body: parameter({ id: 'first', code: 'first' }) })
    const twin = parameter({ id: 'second', code: 'first' })
    expect(await server.refused(409, 'PUT SearchParameter/second', { body: twin })).toContain(`${URL}/first`)
    const sameUrl = { ...parameter({ id: 'second', code: 'second' }), url: `${URL}/first` }
    expect(await server.refused(409, 'PUT SearchParameter/second', { body: sameUrl })).toContain('has the url')
    // Both at once: one of them.
    const both = ['third', 'fourth'].map((id) =>
      server.ask(`PUT SearchParameter/${id}`, { body: parameter({ id, code: 'same' }) }),
    )
    expect((await Promise.all(both)).map(({ status }) => status).sort()).toEqual([201, 409])
  })
})

describe('a SearchParameter asks nothing of the index that', () => {
  it.each<[string, Partial<Parameter>]>([
    ['is retired', { status: 'retired' }],
    ['has no expression', { expression: undefined }],
    [
      'is the standard’s own',
      {
        url: 'http://hl7.org/fhir/SearchParameter/Communication-medium',
        code: 'medium',
        expression: 'Communication.medium',
      },
    ],
    [
      'is derived from that and says the same',
      {
        derivedFrom: 'http://hl7.org/fhir/SearchParameter/Communication-medium',
        code: 'medium',
        expression: 'Communication.medium',
      },
    ],
  ])('%s', async (_, given) => {
    const body = parameter({ id: 'inert', code: 'inert', ...given })
    await server.ask('PUT SearchParameter/inert', { body })
    await server.expect(200, 'GET SearchParameter/inert')
    expect(await server.refused(422, 'POST SearchParameter/inert/$reindex')).toContain('asks nothing of the index')
  })
})

describe('a SearchParameter that changes', () => {
  it('stays usable when it says the same, must be indexed anew when not, and is gone when deleted', async () => {
    await server.expect(201, 'PUT Task/t1', {
      body: {
        resourceType: 'Task',
        id: 't1',
        status: 'draft',
        intent: 'plan',
        description: 'Alpha',
        note: [{ text: 'Beta' }],
      },
    })
    const given = { id: 'task-text', code: 'task-text', type: 'string', base: ['Task'], expression: 'Task.description' }
    await indexed(given)
    expect(await matches('Task?task-text=alpha')).toBe(1)
    await server.expect(200, 'PUT SearchParameter/task-text', {
      body: parameter({ ...given, description: 'Said better' }),
    })
    expect(await matches('Task?task-text=alpha')).toBe(1)

    await server.expect(200, 'PUT SearchParameter/task-text', {
      body: parameter({ ...given, expression: 'Task.note.text' }),
    })
    await server.refused(400, 'GET Task?task-text=alpha')
    await reindexed('SearchParameter/task-text/$reindex')
    expect(await matches('Task?task-text=alpha')).toBe(0)
    expect(await matches('Task?task-text=beta')).toBe(1)

    await server.expect(204, 'DELETE SearchParameter/task-text')
    expect(await server.refused(400, 'GET Task?task-text=beta')).toContain('Task has no search parameter task-text')
    const lenient = await server.expect(200, 'GET Task?task-text=beta', { headers: { Prefer: 'handling=lenient' } })
    expect(lenient.json.entry.map(({ search }: { search: { mode: string } }) => search.mode)).toContain('outcome')
  })

  it('is undone with the transaction that it is part of', async () => {
    const entry = [
      {
        resource: parameter({ id: 'undone', code: 'undone' }),
        request: { method: 'PUT', url: 'SearchParameter/undone' },
      },
      {
        resource: { resourceType: 'Patient', id: 'x', gender: 'male' },
        request: { method: 'PUT', url: 'Patient/x', ifMatch: 'W/"7"' },
      },
    ]
    expect((await server.transact(entry)).status).toBe(412)
    expect(await server.refused(400, 'GET Communication?undone=1')).toContain('has no search parameter undone')
    expect((await server.transact(entry.slice(0, 1))).status).toBe(200)
    expect(await server.refused(400, 'GET Communication?undone=1')).toContain('declared, not indexed yet')
  })
})
