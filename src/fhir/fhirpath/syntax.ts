import type { Item } from './item.js'

/** A FHIRPath expression as a tree. `of` is what a step applies to: none at the start of a path, where it is `$this`. */
export type Node = { readonly at: number } & (
  | { readonly is: 'literal'; readonly items: readonly Item[] }
  | { readonly is: 'member'; readonly name: string; readonly of?: Node }
  | { readonly is: 'call'; readonly name: string; readonly args: readonly Node[]; readonly of?: Node }
  | { readonly is: 'index'; readonly index: Node; readonly of: Node }
  | { readonly is: '$this' | '$index' | '$total'; readonly of?: Node }
  | { readonly is: 'variable'; readonly name: string }
  | { readonly is: 'polarity'; readonly sign: '+' | '-'; readonly operand: Node }
  | { readonly is: 'operation'; readonly operator: Operator; readonly left: Node; readonly right: Node }
  | { readonly is: 'type'; readonly operator: 'is' | 'as'; readonly operand: Node; readonly type: TypeName }
)

/** `FHIR.Patient`, `System.Integer`, or a name alone. */
export interface TypeName {
  readonly namespace?: string
  readonly name: string
}

/** How tightly a binary operator binds. https://hl7.org/fhirpath/N1/#operator-precedence */
export const precedence = {
  '*': 10,
  '/': 10,
  div: 10,
  mod: 10,
  '+': 9,
  '-': 9,
  '&': 9,
  is: 8,
  as: 8,
  '|': 7,
  '<=': 6,
  '<': 6,
  '>': 6,
  '>=': 6,
  '=': 5,
  '~': 5,
  '!=': 5,
  '!~': 5,
  in: 4,
  contains: 4,
  and: 3,
  or: 2,
  xor: 2,
  implies: 1,
} as const

export type Operator = Exclude<keyof typeof precedence, 'is' | 'as'>

/** Where in the expression something is wrong, to end a sentence with. */
export const place = ({ at }: { at: number }) => `(at character ${at + 1})`
