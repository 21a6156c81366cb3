import type { ElementDefinition as FullElement } from '@medplum/fhirtypes'
import { type Binding, type Constraint, type ElementDefinition, typeDefinition } from '../definitions.js'
import { bindingRule } from './bindings.js'
import { rulesOfExtensions } from './element-extensions.js'
import { isObject } from './objects.js'
import type { ValueCheck } from './program.js'
import type { Rule } from './rule.js'
import { invariant } from './rules.js'
import { choiceOf, profileTypes } from './snapshot-element.js'
import { aggregations, allowedTypes, targets, typeProfiles } from './types.js'
import { checkFixed, checkLength, checkMaximum, checkMinimum, checkPattern } from './values.js'
import { walk } from './walk.js'

/** What is already checked of an element, and where. */
export interface Ground {
  /** Canonical of the profile. */
  readonly url: string
  /** R4's own definition of the element. */
  readonly base: ElementDefinition | undefined
  /** The element of which it is a slice. */
  readonly unsliced: FullElement | undefined
  /** That its values may have. */
  readonly types: readonly string[]
  /** It is the whole resource, whose type is known. */
  readonly isRoot: boolean
}

/** What an element of a profile says of each of its values, beyond its ground. */
export function checksOf(element: FullElement, ground: Ground): ValueCheck[] {
  const { base, unsliced } = ground
  const types = profileTypes(element)
  const fixed = choiceOf(element, 'fixed')
  const pattern = choiceOf(element, 'pattern')
  const least = choiceOf(element, 'minValue')
  const most = choiceOf(element, 'maxValue')
  const { maxLength } = element
  const checks: ValueCheck[] = []
  if (!ground.isRoot && !element.contentReference) {
    checks.push(...allowedTypes(types, base, ground.url), ...typeProfiles(types), ...targets(types, base))
    checks.push(...aggregations(types))
  }
  if (fixed !== undefined) checks.push((value) => checkFixed(value, fixed))
  if (pattern !== undefined) checks.push((value) => checkPattern(value, pattern))
  if (least !== undefined) checks.push((value, _twin, type) => checkMinimum(value, least, type))
  if (most !== undefined) checks.push((value, _twin, type) => checkMaximum(value, most, type))
  if (maxLength !== undefined) checks.push((value) => checkLength(value, maxLength))
  checks.push(...bindingChecks(element, unsliced ?? base))
  checks.push(...constraintChecks(element, ground))
  const rules = rulesOfExtensions(element)
  if (rules.length > 0) checks.push(byTypes(() => rules))
  return checks
}

function bindingChecks(
  { binding }: FullElement,
  base: { binding?: Pick<Binding, 'strength' | 'valueSet'> | FullElement['binding'] } | undefined,
): ValueCheck[] {
  const { strength, valueSet } = binding ?? {}
  if (!valueSet || !strength || strength === 'example') return []
  if (base?.binding?.valueSet === valueSet && base.binding.strength === strength) return []
  const maxValueSet = binding!.extension?.find(({ url }) =>
    url?.endsWith('/elementdefinition-maxValueSet'),
  )?.valueCanonical
  const bound: Binding = { strength, valueSet, ...(maxValueSet && { maxValueSet }) }
  return [byTypes((type) => bindingRule(bound, type))]
}

const universal = ['ele-1', 'ext-1']

function constraintChecks({ constraint = [] }: FullElement, { url, base, unsliced, types }: Ground): ValueCheck[] {
  const known = new Set<string | undefined>([
    ...universal,
    ...(base?.constraints ?? []).map(({ key }) => key),
    ...types.flatMap((type) => (typeDefinition(type)?.constraints ?? []).map(({ key }) => key)),
    ...(unsliced?.constraint ?? []).map(({ key }) => key),
  ])
  const added = constraint.filter(({ key, expression }) => expression && !known.has(key))
  if (added.length === 0) return []
  const constraints = added.map(
    ({ key, severity, human, expression, source, extension }): Constraint => ({
      key: key!,
      severity: severity ?? 'error',
      human: human ?? key!,
      expression: expression!,
      source: source ?? url,
      ...(extension?.some((one) => one.url?.endsWith('/elementdefinition-bestpractice') && one.valueBoolean) && {
        bestPractice: true,
      }),
    }),
  )
  return [byTypes((type) => constraints.flatMap((one) => invariant(one, type) ?? []))]
}

/** Rules that are made for the type that a value turns out to have, once. */
function byTypes(make: (type: string) => readonly Rule[]): ValueCheck {
  const made = new Map<string, readonly Rule[]>()
  return (value, twin, type) => {
    let rules = made.get(type)
    if (!rules) {
      rules = make(type)
      made.set(type, rules)
    }
    // What has not the JSON form of its type is refused for that, and rules need not look out for it.
    if (isPrimitive(type) ? typeof value === 'object' : !isObject(value)) return
    walk.twin = twin
    for (let i = 0; i < rules.length; i++) rules[i]!(value, walk)
  }
}

const isPrimitive = (type: string) => typeDefinition(type)?.kind === 'primitive-type'
