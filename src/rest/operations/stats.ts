import { Invalid, TooCostly, Unprocessable } from '../../base/errors.js'
import { decimalOf, parseJson, toNumber } from '../../fhir/json.js'
import { conversion, UCUM } from '../../fhir/ucum.js'
import { orderOf } from '../../search/order.js'
import type { Pair } from '../../search/query.js'
import { type Coding, type MeasuredUnit, Measurements, type Scale, STATISTICS } from '../../search/stats.js'
import { criteriaOf } from '../criteria.js'
import { escaped } from '../matching.js'
import { operation, type Values } from '../operation.js'
import { queryText } from '../search.js'

const asked = {
  subject: '1..1 uri',
  code: '0..* string',
  system: '0..1 uri',
  coding: '0..* Coding',
  duration: '0..1 decimal',
  period: '0..1 Period',
  statistic: '1..* code',
  include: '0..1 boolean',
  limit: '0..1 positiveInt',
} as const

/**
 * Statistics of what was measured of a subject, computed by the database. Variance and standard deviation are those of
 * a sample, skew and kurtosis (excess) the adjusted ones of it; percentiles are linear between neighbours; regression
 * is the slope of a straight line over days.
 * @see https://hl7.org/fhir/R4/observation-operation-stats.html
 */
export const stats = operation({
  code: 'stats',
  definition: 'http://hl7.org/fhir/OperationDefinition/Observation-stats',
  title: 'Observation Statistics',
  description:
    'Statistics of the quantities that were measured of one subject, for each code. Units of one kind are converted to that of the newest measurement.',
  on: { resource: ['Observation'], levels: ['type'] },
  affectsState: false,
  needs: { letters: ['r', 's'], of: 'type' },
  in: asked,
  out: { statistics: '1..* Observation', source: '0..* Observation' },
  about: {
    subject: 'Whose Observations: `Patient/1`',
    code: 'Of an Observation or a component; of a panel, all its components',
    system: 'Of all codes in `code`',
    duration: 'Hours until now; instead of period',
    statistic: `One of ${STATISTICS.join(', ')}`,
    include: 'The Observations are there too, newest first',
    limit: 'How many of them at most',
  },

  async handle({ core: { config, store }, ctx, exchange, params }) {
    const codings = codingsOf(params)
    const unknown = params.statistic.find((name) => !STATISTICS.includes(name))
    if (unknown !== undefined) throw new Invalid(`statistic: ${unknown} is none; there are ${STATISTICS.join(', ')}`)
    const period = periodOf(params)
    const { clauses } = criteriaOf(exchange, 'Observation', queryText(searchOf(params, codings, period)).slice(1))

    const measured = await Measurements.of(store.session, store.finder, ctx, clauses, codings)
    const scales = scalesOf(await measured.units())
    const rows = await measured.statistics(scales)
    // What was not measured at all has its answer, too: none of it.
    const missing = codings.filter((one) => !rows.some(({ label }) => sameLabel(label, one)))
    const statistics = [...rows, ...missing.map((label) => ({ label, count: '0', 'total-count': '0' }))].map((row) =>
      observation(params, period, row, scales),
    )
    if (!params.include) return { statistics, source: [] }

    const most = params.limit ?? config.maxIncludes
    const order = orderOf(ctx.tenant, 'Observation', '-date', clauses)
    const found = await store.finder.page(ctx, 'Observation', clauses, order, most + 1)
    if (params.limit === undefined && found.length > most)
      throw new TooCostly(
        `There are more than ${most} Observations (INGLE_MAX_INCLUDES); limit says how many to include`,
      )
    return { statistics, source: found.slice(0, most).map(({ content }) => parseJson(content)) as never[] }
  },
})

type Asked = Values<typeof asked>

function codingsOf({ code = [], system, coding = [] }: Asked): Coding[] {
  const codings = [
    ...code.map((one) => ({ ...(system !== undefined && { system }), code: one })),
    ...coding.map(({ system: of, code: one }) => {
      if (!one) throw new Invalid('coding needs a code')
      return { ...(of !== undefined && { system: of }), code: one }
    }),
  ]
  if (codings.length === 0) throw new Invalid('$stats needs code, with a system where it has one, or coding')
  return codings
}

/** A thousand years. */
const MOST_HOURS = 8_766_000

function periodOf({ duration, period }: Asked): { start?: string; end?: string } | undefined {
  if (duration === undefined) return period
  if (period) throw new Invalid('$stats takes duration or period, not both')
  const hours = toNumber(duration)
  if (!(hours > 0 && hours <= MOST_HOURS))
    throw new Invalid(`duration is a number of hours above 0, ${MOST_HOURS} at most`)
  const now = Date.now()
  return { start: new Date(now - hours * 3_600_000).toISOString(), end: new Date(now).toISOString() }
}

function searchOf({ subject }: Asked, codings: readonly Coding[], period: ReturnType<typeof periodOf>): Pair[] {
  const token = ({ system, code }: Coding) =>
    system === undefined ? escaped(code) : `${escaped(system)}|${escaped(code)}`
  return [
    ['subject', escaped(subject)],
    ['combo-code', codings.map(token).join()],
    ['status:not', 'entered-in-error'],
    ...(period?.start ? [['date', `ge${period.start}`] as const] : []),
    ...(period?.end ? [['date', `le${period.end}`] as const] : []),
  ]
}

const sameLabel = (a: Coding, b: Coding) => a.code === b.code && a.system === b.system

/**
 * How the values of each unit become those of the first one of the same label.
 * @throws Unprocessable  they do not measure the same
 */
function scalesOf(units: readonly MeasuredUnit[]): Scale[] {
  return units.map((unit) => {
    const first = units.find(({ label }) => sameLabel(label, unit.label))!
    if (unit.system === first.system && unit.symbol === first.symbol) return { ...unit, slope: 1, shift: 0 }
    const isUcum = unit.system === UCUM && first.system === UCUM
    const converted = isUcum ? conversion(unit.symbol ?? '', first.symbol ?? '') : undefined
    if (!converted)
      throw new Unprocessable(
        `Measurements of ${unit.label.code} have the units ${first.symbol} and ${unit.symbol}, which cannot be converted to each other`,
      )
    return { ...unit, ...converted }
  })
}

/** Those that are no quantity of the unit itself. */
const DIMENSION: Record<string, (unit: string) => string | undefined> = {
  count: () => undefined,
  'total-count': () => undefined,
  skew: () => undefined,
  kurtosis: () => undefined,
  variance: (unit) => `(${unit})2`,
  regression: (unit) => `${unit}/d`,
}

const SYSTEM = 'http://terminology.hl7.org/CodeSystem/observation-statistics'

function observation(
  { subject, statistic }: Asked,
  effectivePeriod: ReturnType<typeof periodOf>,
  { label, ...values }: { label: Coding } & Record<string, unknown>,
  scales: readonly Scale[],
) {
  const unit = scales.find((one) => sameLabel(one.label, label))
  const quantity = (name: string, value: string) => {
    const plain = { value: decimalOf(value) as number }
    const of = DIMENSION[name] ?? ((one: string) => one)
    const symbol = unit?.symbol ? of(unit.symbol) : undefined
    if (!unit || symbol === undefined) return plain
    const coded = unit.system !== null && { system: unit.system, code: symbol }
    return { ...plain, unit: of(unit.unit ?? unit.symbol!), ...coded }
  }
  return {
    resourceType: 'Observation' as const,
    status: 'final' as const,
    code: { coding: [label] },
    subject: { reference: subject },
    ...(effectivePeriod && { effectivePeriod }),
    component: statistic.map((name) => {
      const value = values[name] as string | null | undefined
      const code = { coding: [{ system: SYSTEM, code: name }] }
      return value === null || value === undefined
        ? { code, dataAbsentReason: { coding: [{ system: ABSENT, code: 'not-applicable' }] } }
        : { code, valueQuantity: quantity(name, value) }
    }),
  }
}

const ABSENT = 'http://terminology.hl7.org/CodeSystem/data-absent-reason'
