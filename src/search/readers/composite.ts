import { Invalid } from '../../base/errors.js'
import type { Clause } from '../clause.js'
import type { Component } from '../parameters.js'
import { type Asked, anyOf, noModifier, parameterOf, split, UnusableParameter } from '../reading.js'
import * as composite from '../types/composite.js'
import * as quantity from '../types/quantity.js'
import * as reference from '../types/reference.js'
import * as token from '../types/token.js'

/** How a part of the value is asked of the resource itself, by the parameter that the part has. */
type Part = (code: string, value: string) => Clause

/** @see https://hl7.org/fhir/R4/search.html#composite */
export function compositeClause(asked: Asked, part: Part): Clause {
  const { reading, parameter, modifier, values, name } = asked
  if (modifier) throw noModifier(parameter, modifier, [])
  const combined = composite.COMBINED[parameter.code]
  if (combined) {
    return anyOf(
      combined.map((code) =>
        compositeClause({ ...asked, parameter: parameterOf(parameter.base, code, reading.parameters) }, part),
      ),
    )
  }
  if (!composite.isSupported(parameter)) throw new UnusableParameter(`${parameter.code} is not supported yet`)
  if (composite.isTriple(parameter)) return tripleClause(asked)
  const [first, second] = parameter.components as [Component, Component]
  return anyOf(
    values.map((value): Clause => {
      const [head, tail, more] = split(value, '$')
      if (!head || !tail || more !== undefined)
        throw new Invalid(`${name}: the value has two parts with a $ between them`)
      if (parameter.paths.every((path) => path.type === parameter.base)) {
        const clauses = [first.parameter, second.parameter].map((component, i) =>
          part(component.code, i === 0 ? head : tail),
        )
        return { kind: 'all', clauses }
      }
      const param = composite.pairParam(reading.tenant, parameter.base, parameter.code)
      const heads = headHashes(first.paths.flat(), head)
      switch (composite.kindOf(second)) {
        case 'token':
          return {
            kind: 'token',
            hashes: heads.flatMap((h) =>
              headHashes(second.paths.flat(), tail).map((t) => composite.pairHash(param, h, t)),
            ),
          }
        case 'quantity':
          return {
            kind: 'quantity',
            params: heads.map((h) => composite.headParam(param, h)),
            tests: [quantity.searched(tail, name)],
          }
        case 'reference': {
          const target = reference.targetOf(reading.tenant, tail)
          if (!target) throw new Invalid(`${name}: the second part is a reference, Type/id`)
          return { kind: 'token', hashes: heads.map((h) => composite.pairHash(param, h, target.key)) }
        }
        default:
          throw new UnusableParameter(`${parameter.code} is not supported yet`)
      }
    }),
  )
}

/** `chromosome-variant-coordinate=1$lt345$gt123` */
function tripleClause({ reading, parameter, values, name }: Asked): Clause {
  const [first] = parameter.components as [Component]
  const [second, third] = composite.tripleParams(reading.tenant, parameter.base, parameter.code)
  return anyOf(
    values.map((value): Clause => {
      const [head, a, b, more] = split(value, '$')
      if (!head || !a || !b || more !== undefined)
        throw new Invalid(`${name}: the value has three parts with a $ between them`)
      const heads = headHashes(first.paths.flat(), head)
      return {
        kind: 'numbers',
        params: heads.map((h) => [composite.headParam(second, h), composite.headParam(third, h)] as const),
        tests: [{ comparison: quantity.number(a, name) }, { comparison: quantity.number(b, name) }],
      }
    }),
  )
}

function headHashes(paths: readonly { type: string }[], text: string): bigint[] {
  return [...new Set(paths.map((path) => token.isUnique(path.type)))].map((unique) => token.searched('', text, unique))
}
