import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ValueSet } from '@medplum/fhirtypes'
import { Ajv } from 'ajv'
import { CannotStart } from '../base/cannot-start.js'
import { root } from '../base/root.js'
import { isResourceType, typeDefinition } from '../fhir/definitions.js'
import { type BusinessRule, checkRule, yearOfValueSet } from '../fhir/validation/business-rules.js'

/** What is in a folder of rules. */
export interface RuleFiles {
  rules: readonly BusinessRule[]
  /** That the rules go by, and nobody need store. */
  valueSets: readonly ValueSet[]
}

const words = { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 }
const text = { type: 'string', minLength: 1 }

/** A file of rules; docs/validation.md has it in prose. */
const schema = {
  type: 'object',
  required: ['rules'],
  additionalProperties: false,
  properties: {
    valueSets: {
      type: 'array',
      items: {
        type: 'object',
        required: ['resourceType', 'url', 'compose'],
        properties: { resourceType: { const: 'ValueSet' } },
      },
    },
    rules: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'on', 'severity', 'human'],
        oneOf: [{ required: ['expression'] }, { required: ['codes'] }],
        additionalProperties: false,
        properties: {
          id: { type: 'string', pattern: '^[a-z0-9-]{1,64}$' },
          on: text,
          in: words,
          notIn: words,
          tenants: { type: 'array', items: { type: 'integer' }, minItems: 1 },
          severity: { enum: ['error', 'warning', 'information'] },
          human: text,
          at: { type: 'string', pattern: '^[A-Za-z0-9.]+$' },
          expression: text,
          codes: {
            type: 'object',
            required: ['element', 'system', 'valueSet'],
            additionalProperties: false,
            properties: {
              element: text,
              system: text,
              valueSet: text,
              inForce: {
                type: 'object',
                required: ['at', 'yearBegins'],
                additionalProperties: false,
                properties: { at: words, yearBegins: { type: 'integer', minimum: 1, maximum: 13 } },
              },
            },
          },
        },
      },
    },
  },
}

const ajv = new Ajv({ allErrors: true })
const isRuleFile = ajv.compile<{ rules: BusinessRule[]; valueSets?: ValueSet[] }>(schema)

/** Rules that come with the server. */
export const shippedRules = join(root, 'profiles', 'rules')

/**
 * The rules of all files `*.json` in these folders.
 * @throws CannotStart  a folder or file cannot be read, or is not what it should be: says which, where and why
 */
export function readRules(folders: readonly string[]): RuleFiles {
  const files = folders.flatMap((folder) => namesIn(folder).map((name) => join(folder, name)))
  const read = files.map((file) => ({ file, ...contentOf(file) }))
  const seen = new Map<string, string>()
  for (const { file, rules } of read) {
    for (const rule of rules) {
      const other = seen.get(rule.id)
      if (other) throw new CannotStart(`${file}: the rule ${rule.id} is in ${other} already`)
      seen.set(rule.id, file)
      checkTypes(file, rule)
    }
  }
  const rules = read.flatMap((one) => one.rules)
  const dated = new Set(rules.flatMap(({ codes }) => (codes?.inForce ? codes.valueSet : [])))
  const valueSets = read.flatMap((one) => one.valueSets ?? [])
  return { rules, valueSets: valueSets.flatMap((one) => (dated.has(one.url!) ? [one, ...ofYears(one)] : one)) }
}

/** Years of which a code system may be loaded. */
const [FIRST_YEAR, LAST_YEAR] = [2014, 2045]

/** The value set as each year's version of its code system has it, under a url of its own. */
function ofYears(valueSet: ValueSet): ValueSet[] {
  return Array.from({ length: LAST_YEAR - FIRST_YEAR + 1 }, (_, i) => {
    const version = String(FIRST_YEAR + i)
    const include = valueSet.compose!.include!.map((one) => ({ ...one, version }))
    return { ...valueSet, url: yearOfValueSet(valueSet.url!, version), compose: { ...valueSet.compose, include } }
  })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort()
  } catch (cause) {
    throw new CannotStart(`The folder of rules ${folder} cannot be read (${(cause as { code?: string }).code})`)
  }
}

function contentOf(file: string) {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new CannotStart(`${file} is not JSON: ${(cause as Error).message}`)
  }
  if (isRuleFile(content)) return content
  const [first] = isRuleFile.errors!
  throw new CannotStart(`${file}${first!.instancePath} ${first!.message ?? 'is not what it should be'}`)
}

function checkTypes(file: string, rule: BusinessRule): void {
  const { id, on, in: only = [], notIn = [] } = rule
  const wrong = [...only, ...notIn].find((type) => !isResourceType(type))
  if (wrong) throw new CannotStart(`${file}: the rule ${id} names ${wrong}, which is no resource type of FHIR R4`)
  if (!typeDefinition(on)) throw new CannotStart(`${file}: the rule ${id} is on ${on}, which is no type of FHIR R4`)
  const fault = checkRule(rule)
  if (fault) throw new CannotStart(`${file}: the rule ${id} has an expression that cannot be used: ${fault}`)
}
