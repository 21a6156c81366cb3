import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type SearchServer, serverOfTest } from './server.js'

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

// https://hl7.org/fhir/R4/search.html#prefix, on a date (Patient.birthDate), on a Period (Encounter.period), both of
// them the main date of their type, and on a date that has a table of its own (Patient.deceased, death-date).

describe('dates', () => {
  beforeAll(() =>
    server.put(
      ...['2012-12-31', '2013', '2013-01', '2013-01-14', '2013-02-01', '2014'].flatMap((birthDate) => [
        { resourceType: 'Patient', id: birthDate, birthDate },
        { resourceType: 'Patient', id: `dead-${birthDate}`, deceasedDateTime: birthDate },
      ]),
      { resourceType: 'Patient', id: 'none' },
    ),
  )

  it.each([
    ['2013', ['2013', '2013-01', '2013-01-14', '2013-02-01']],
    ['eq2013-01', ['2013-01', '2013-01-14']],
    ['2013-01-14', ['2013-01-14']],
    ['2013-01-14T00:00', []],
    ['ne2013', ['2012-12-31', '2014']],
    ['ne2013-01', ['2012-12-31', '2013', '2013-02-01', '2014']],
    ['ne2013-01-14', ['2012-12-31', '2013', '2013-01', '2013-02-01', '2014']],
    // what lies partly above counts as greater
    ['gt2013-01-14', ['2013', '2013-01', '2013-02-01', '2014']],
    ['gt2013-01', ['2013', '2013-02-01', '2014']],
    ['gt2013', ['2014']],
    ['lt2013-01-14', ['2012-12-31', '2013', '2013-01']],
    ['lt2013', ['2012-12-31']],
    ['ge2013-01-14', ['2013', '2013-01', '2013-01-14', '2013-02-01', '2014']],
    ['ge2013-02', ['2013', '2013-02-01', '2014']],
    ['ge2013', ['2013', '2013-01', '2013-01-14', '2013-02-01', '2014']],
    ['le2013-01-14', ['2012-12-31', '2013', '2013-01', '2013-01-14']],
    ['le2013', ['2012-12-31', '2013', '2013-01', '2013-01-14', '2013-02-01']],
    ['sa2013-01', ['2013-02-01', '2014']],
    ['sa2012-12-31', ['2013', '2013-01', '2013-01-14', '2013-02-01', '2014']],
    ['eb2013-02', ['2012-12-31', '2013-01', '2013-01-14']],
    ['eb2013', ['2012-12-31']],
    ['2012-12-31,2014', ['2012-12-31', '2014']],
    ['ge2013-01-10&DATE=lt2013-02', ['2013', '2013-01', '2013-01-14']],
    ['2013-01-14T12:00:00Z', []],
    ['ge2013-01-14T23:59:59.998Z', ['2013', '2013-01', '2013-01-14', '2013-02-01', '2014']],
  ])('%s', async (searched, expected) => {
    const query = (name: string) => `Patient?${name}=${searched.replace('DATE', name)}`
    expect(await server.found(query('birthdate'))).toEqual(expected)
    expect(await server.found(query('death-date'))).toEqual(expected.map((id) => `dead-${id}`))
  })

  it('ap is within a tenth of the distance to now', async () => {
    expect(await server.found('Patient?birthdate=ap2013-06')).toEqual(
      ['2012-12-31', '2013', '2013-01', '2013-01-14', '2013-02-01', '2014'].sort(),
    )
    expect(await server.found('Patient?birthdate=ap2016')).not.toContain('2012-12-31')
    expect(await server.found('Patient?birthdate=ap1950')).toEqual([])
  })

  it(':missing', async () => {
    expect(await server.found('Patient?birthdate:missing=true&death-date:missing=true')).toEqual(['none'])
    expect(await server.found('Patient?birthdate:missing=false')).toHaveLength(6)
    expect(await server.found('Patient?death-date:missing=false')).toHaveLength(6)
  })

  it.each(['13', '2013-13', '2013-02-30', '2013-01-01T25:00', 'xx2013', 'tomorrow', 'ge', '0000', '2013-01-14T'])(
    'refuses %s',
    async (wrong) => {
      expect(await server.refused(`Patient?birthdate=${wrong}`)).toMatch(/birthdate: the value is not a date/)
    },
  )

  it.each(['0001', 'ap0001', '9999', 'ap9999-12-31', 'ge9999-12-31T23:59:59-14:00', 'le0001-01-01T00:00:00+14:00'])(
    'has no trouble at the ends of the calendar: %s',
    async (edge) => {
      for (const name of ['birthdate', 'death-date', '_lastUpdated'])
        await server.get(`Patient?${name}=${edge.replace('+', '%2B')}`)
    },
  )
})

describe('periods and zones', () => {
  beforeAll(() => {
    const encounter = (id: string, period: unknown) => ({
      resourceType: 'Encounter',
      id,
      status: 'finished',
      class: { code: 'AMB' },
      period,
    })
    return server.put(
      encounter('whole', { start: '2020-01-01', end: '2020-01-31' }),
      encounter('from', { start: '2020-01-15' }),
      encounter('until', { end: '2020-01-15' }),
      encounter('hours', { start: '2020-01-20T10:00:00+02:00', end: '2020-01-20T12:00:00+02:00' }),
      encounter('epoch', { start: '1970-01-01T00:00:00Z', end: '1970-01-01T00:00:00Z' }),
      encounter('long-ago', { start: '0800', end: '0814-01-28' }),
      encounter('none', undefined),
    )
  })

  it.each([
    ['2020-01', ['hours', 'whole']],
    ['2020-01-20', ['hours']],
    ['ne2020-01', ['epoch', 'from', 'long-ago', 'until']],
    ['gt2020-01', ['from']],
    ['gt2020-01-10', ['from', 'hours', 'until', 'whole']],
    ['gt2020-01-15', ['from', 'hours', 'whole']],
    ['ge2020-01-15', ['from', 'hours', 'whole']],
    ['ge2019', ['from', 'hours', 'until', 'whole']],
    ['ge3000', ['from']],
    ['gt9000', ['from']],
    ['ge0813', ['epoch', 'from', 'hours', 'long-ago', 'until', 'whole']],
    ['ge0500', ['epoch', 'from', 'hours', 'long-ago', 'until', 'whole']],
    ['lt2020', ['epoch', 'long-ago', 'until']],
    ['lt0700', ['until']],
    ['le2020-01-10', ['epoch', 'long-ago', 'until', 'whole']],
    ['le2020-01-31', ['epoch', 'from', 'hours', 'long-ago', 'until', 'whole']],
    ['sa2020-01-10', ['from', 'hours']],
    ['sa2020-01-19', ['hours']],
    ['eb2020-01-16', ['epoch', 'long-ago', 'until']],
    ['eb2020-02', ['epoch', 'hours', 'long-ago', 'until', 'whole']],
    ['1970', ['epoch']],
    ['ap2020-01-16', ['from', 'hours', 'until', 'whole']],
    // 10:00+02:00 is 08:00 UTC
    ['gt2020-01-20T09:59:00Z', ['from', 'hours', 'whole']],
    ['gt2020-01-20T10:01:00Z', ['from', 'whole']],
    ['sa2020-01-20T07:59:59Z', ['hours']],
    ['sa2020-01-20T08:00:00Z', []],
    ['sa2020-01-20T09:59:00%2B02:00', ['hours']],
    ['sa2020-01-20T02:59:00-05:00', ['hours']],
    // a plus sign that the client forgot to escape arrives as a blank
    ['sa2020-01-20T09:59:00+02:00', ['hours']],
    ['ge2020-01-01&date=le2020-01-31', ['from', 'hours', 'until', 'whole']],
    ['ge2020-01-25&date=le2020-02', ['from', 'whole']],
  ])('date=%s', async (searched, expected) => {
    expect(await server.found(`Encounter?date=${searched}`)).toEqual(expected)
    expect(await server.found(`Encounter?date=${searched}&_sort=-date`)).toEqual(expected)
    expect(await server.found(`Encounter?date=${searched}&_sort=_id`)).toEqual(expected)
  })

  it('are found in another database of the same process, too', async () => {
    const other = await serverOfTest()
    const period = { start: '2000', end: '2024' }
    await other.put({ resourceType: 'Encounter', id: 'long', status: 'finished', class: { code: 'AMB' }, period })
    expect(await other.found('Encounter?date=ge2020')).toEqual(['long'])
  })

  it('an encounter without a period is not on any date, and found by :missing', async () => {
    expect(await server.found('Encounter?date:missing=true')).toEqual(['none'])
    expect(await server.found('Encounter?date:missing=false')).not.toContain('none')
  })
})

describe('other types of dates', () => {
  beforeAll(() =>
    server.put(
      {
        resourceType: 'ServiceRequest',
        id: 'events',
        status: 'active',
        intent: 'order',
        subject: { reference: 'Patient/1' },
        occurrenceTiming: { event: ['2021-03-01', '2021-05-01T10:00:00Z'] },
      },
      {
        resourceType: 'ServiceRequest',
        id: 'bounds',
        status: 'active',
        intent: 'order',
        subject: { reference: 'Patient/1' },
        occurrenceTiming: { repeat: { boundsPeriod: { start: '2021-04', end: '2021-06' } } },
      },
      {
        resourceType: 'ServiceRequest',
        id: 'instant',
        status: 'active',
        intent: 'order',
        subject: { reference: 'Patient/1' },
        occurrenceDateTime: '2021-04-01T00:00:00.500+01:00',
      },
    ),
  )

  it('a Timing is what lies between its outer limits', async () => {
    expect(await server.found('ServiceRequest?occurrence=ge2021-05-02')).toEqual(['bounds'])
    expect(await server.found('ServiceRequest?occurrence=lt2021-04-01')).toEqual(['events', 'instant'])
    expect(await server.found('ServiceRequest?occurrence=2021')).toEqual(['bounds', 'events', 'instant'])
  })

  it('milliseconds', async () => {
    expect(await server.found('ServiceRequest?occurrence=2021-03-31T23:00:00.5Z')).toEqual(['instant'])
    expect(await server.found('ServiceRequest?occurrence=2021-03-31T23:00:00.501Z')).toEqual([])
    expect(await server.found('ServiceRequest?occurrence=2021-03-31T23:00:00Z')).toEqual(['instant'])
  })

  it('_lastUpdated is an instant like any other', async () => {
    const [{ resource }] = (await server.get('ServiceRequest?_id=instant')).entry as unknown as [
      { resource: { meta: { lastUpdated: string } } },
    ]
    const at = resource.meta.lastUpdated
    expect(await server.found(`ServiceRequest?_lastUpdated=${at}&_id=instant`)).toEqual(['instant'])
    expect(await server.found(`ServiceRequest?_lastUpdated=${at.slice(0, 10)}`)).toHaveLength(3)
    expect(await server.found(`ServiceRequest?_lastUpdated=ge${at}&_lastUpdated=le${at}&_id=instant`)).toEqual([
      'instant',
    ])
    expect(await server.found(`ServiceRequest?_lastUpdated=gt${at}&_id=instant`)).toEqual([])
    expect(await server.found(`ServiceRequest?_lastUpdated=lt${at}&_id=instant`)).toEqual([])
    expect(await server.found(`ServiceRequest?_lastUpdated=ne${at}&_id=instant`)).toEqual([])
    expect(await server.found(`ServiceRequest?_lastUpdated=sa2020&_lastUpdated=eb3000`)).toHaveLength(3)
  })
})
