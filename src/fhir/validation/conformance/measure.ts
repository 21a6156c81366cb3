import type { Issue } from '../../../base/errors.js'
import { isDecimal, toNumber } from '../../json.js'
import { listOf, objectOf } from '../bundle/entries.js'
import type { Json, Message, Place } from '../rule.js'

const message = (id: string, code: Issue['code'], text: string): Message => ({ id: `MEASURE_${id}`, code, text })

const messages = {
  noLibrary: message('M_CRITERIA_CQL_NO_LIB', 'invalid', 'CQL needs a library'),
  unknown: message('MR_M_NOTFOUND', 'required', 'The measure is not known here'),
  noCode: message('MR_GRP_NO_CODE', 'business-rule', 'The code tells which part of the measure it is'),
  unknownCode: message('MR_GRP_UNK_CODE', 'business-rule', 'The measure has no such part'),
  twice: message('MR_GRP_DUPL_CODE', 'business-rule', 'Each part of the measure is reported once'),
  missing: message('MR_GRP_MISSING_BY_CODE', 'business-rule', 'A part of the measure is not reported'),
  score: message('MR_SCORE_PROHIBITED', 'business-rule', 'There is no score'),
  noScore: message('MR_SCORE_REQUIRED', 'required', 'There must be a score'),
  scoreUnit: message('MR_SCORE_UNIT_PROHIBITED', 'business-rule', 'A proportion has no unit'),
  scoreRange: message('MR_SCORE_VALUE_INVALID_01', 'required', 'A proportion is from 0 to 1'),
  subjects: message('MR_GRP_POP_NO_SUBJECTS', 'business-rule', 'Only a list of subjects names them'),
  count: message('MR_GRP_POP_COUNT_MISMATCH', 'business-rule', 'The count is that of the subjects'),
} satisfies Record<string, Message>

/** https://hl7.org/fhir/R4/measure.html */
export function checkMeasure({ group, library }: Json, at: Place): void {
  if (library !== undefined) return
  for (const [i, one] of listOf(group).entries()) {
    for (const name of ['population', 'stratifier']) {
      for (const [j, { criteria }] of listOf(one[name]).entries()) {
        const { language } = objectOf(criteria)
        if (language !== 'text/cql' && language !== 'text/cql.identifier') continue
        const below = `.group[${i}].${name}[${j}].criteria`
        at.report(messages.noLibrary, () => 'is in CQL, so the measure must name a library', { below })
      }
    }
  }
}

/** https://hl7.org/fhir/R4/measurereport.html */
export function checkMeasureReport(report: Json, at: Place): void {
  const { measure: canonical } = report
  if (typeof canonical !== 'string') return
  const measure = measureOf(canonical, at)
  if (measure === null) {
    const severity = 'warning'
    at.report(messages.unknown, () => `${canonical} is not known here, so the groups are not checked`, { severity })
  }
  if (!measure) return
  const [defined, reported] = [listOf(measure.group), listOf(report.group)]
  const [scoring] = listOf(objectOf(measure.scoring).coding).map(({ code }) => code)
  const check = (definition: Json, group: Json, below: string) => {
    checkScore(group, report.type, scoring, below, at)
    parts(listOf(definition.population), listOf(group.population), `${below}.population`, below, at, (_, one, below) =>
      checkPopulation(one, report.type, below, at),
    )
    parts(listOf(definition.stratifier), listOf(group.stratifier), `${below}.stratifier`, below, at)
  }
  // One group may go without a code, as it can only be that one.
  const isOnly = defined.length === 1 && reported.length === 1 && reported[0]!.code === undefined
  if (isOnly) check(defined[0]!, reported[0]!, '.group[0]')
  else parts(defined, reported, '.group', report.type === 'data-collection' ? undefined : '', at, check)
}

function measureOf(canonical: string, at: Place): Json | null | undefined {
  if (!canonical.startsWith('#')) return at.definition('Measure', canonical) as Json | null | undefined
  const contained = listOf(at.rootResource.contained)
  return contained.find(({ id, resourceType }) => resourceType === 'Measure' && `#${id}` === canonical) ?? null
}

/**
 * What is reported, part by part, held against what the measure has.
 *
 * @param list  where the reported ones are: `.group[0].population`
 * @param whole  where to say that one is missing; absent when that may be
 */
function parts(
  defined: readonly Json[],
  reported: readonly Json[],
  list: string,
  whole: string | undefined,
  at: Place,
  check?: (definition: Json, part: Json, below: string) => void,
): void {
  const found = new Set<Json>()
  for (const [i, part] of reported.entries()) {
    const below = `${list}[${i}]`
    if (part.code === undefined) {
      at.report(messages.noCode, () => 'must have a code of the measure', { below })
      continue
    }
    const codes = Array.isArray(part.code) ? listOf(part.code) : [objectOf(part.code)]
    const definition = defined.find((one) => codes.some((code) => isSame(objectOf(one.code), code)))
    if (!definition) at.report(messages.unknownCode, () => 'has a code that the measure does not have', { below })
    else if (found.has(definition)) at.report(messages.twice, () => 'has a code that came before', { below })
    else {
      found.add(definition)
      check?.(definition, part, below)
    }
  }
  if (whole === undefined) return
  for (const definition of defined) {
    // What is observed of each subject is no population to count.
    const [coding] = listOf(objectOf(definition.code).coding)
    if (found.has(definition) || coding?.code === 'measure-observation') continue
    const name = coding?.code ?? definition.id ?? 'without a code'
    at.report(messages.missing, () => `must have a ${list.slice(list.lastIndexOf('.') + 1)} for ${name}`, {
      below: whole,
    })
  }
}

const isSame = (one: Json, other: Json) =>
  listOf(one.coding).some(({ system, code }) =>
    listOf(other.coding).some((coding) => coding.system === system && coding.code === code),
  ) ||
  (one.coding === undefined && other.coding === undefined && one.text !== undefined && one.text === other.text)

function checkPopulation({ count, subjectResults }: Json, type: unknown, below: string, at: Place): void {
  const subjects = Array.isArray(subjectResults) ? subjectResults.length : subjectResults === undefined ? 0 : 1
  if (type !== 'subject-list') {
    if (subjects > 0) at.report(messages.subjects, () => 'must not name subjects in a report of this type', { below })
  } else if (typeof count === 'number' && count !== subjects) {
    at.report(messages.count, () => `counts ${count}, but names ${subjects}`, { below })
  }
}

const scored: ReadonlySet<unknown> = new Set(['proportion', 'ratio', 'continuous-variable'])

function checkScore({ measureScore }: Json, type: unknown, scoring: unknown, below: string, at: Place): void {
  const here = { below: `${below}.measureScore` }
  if (type === 'data-collection' || scoring === 'cohort') {
    if (measureScore !== undefined) {
      at.report(
        messages.score,
        () => `must not be there, as ${scoring === 'cohort' ? 'a cohort' : 'a data collection'} has none`,
        here,
      )
    }
    return
  }
  if (!scored.has(scoring)) return
  if (measureScore === undefined) {
    at.report(messages.noScore, () => `must have a measureScore, as the scoring is ${scoring}`, { below })
    return
  }
  if (scoring !== 'proportion') return
  const { value, unit, system, code } = objectOf(measureScore)
  if (unit !== undefined || system !== undefined || code !== undefined) {
    at.report(messages.scoreUnit, () => 'must have no unit, as it is a proportion', here)
  }
  if (isDecimal(value) && (toNumber(value) < 0 || toNumber(value) > 1)) {
    at.report(messages.scoreRange, () => 'must be from 0 to 1, as it is a proportion', { below: `${here.below}.value` })
  }
}
