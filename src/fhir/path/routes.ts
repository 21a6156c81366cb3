import { Invalid } from '../../base/errors.js'
import { type ElementDefinition, type ElementType, typeDefinition } from '../definitions.js'
import { type Expression, parse, Unsupported } from './parse.js'

/** How to get from an item to values of one type: what an expression means once the definitions have been asked. */
export interface Route {
  /** Where it starts: at the item it is applied to, or at the resource around that (`%resource`). */
  readonly from: 'item' | 'resource'
  readonly steps: readonly Step[]
  /** FHIR type of the values: `Quantity`, `dateTime`, `Observation.component` */
  readonly type: string
  /** What the values, references or canonicals, may point at; absent = anything. */
  readonly targets?: readonly string[]
}

/** `array`: the property repeats, and every value is taken unless `at` picks one. `ask`: the answer is the value. */
export type Step = { name: string; array: boolean; at?: number } | { where: Test } | { ask: Test }

/** Is true, false, or unknown (empty) of a value. */
export type Test =
  | { is: 'and' | 'or'; left: Test; right: Test }
  | { is: '=' | '!='; routes: Route[]; literal: string | boolean }
  | { is: 'exists'; routes: Route[] }
  | { is: 'reference'; to: string }

/**
 * One route for each type that the expression's values can have: unions and choice elements fork.
 *
 * @param base  type of the item: a resource type, a data type or a backbone
 * @returns none when the expression speaks of other types only
 * @throws Unsupported  the interpreter has to evaluate it
 * @throws Invalid  it names an element that no type on its way has
 */
export function routes(expression: string, base: string): Route[] {
  return follow(parse(expression), { from: 'item', steps: [], type: base })
}

function follow(expression: Expression, start: Route): Route[] {
  switch (expression.is) {
    case 'member':
      if (expression.of) return elements(follow(expression.of, start), expression.name)
      if (isTypeName(expression.name)) return isA(start.type, expression.name) ? [start] : []
      return elements([start], expression.name)
    case 'call':
      return call(expression, start)
    case 'index':
      return indexed(expression, start)
    case 'variable':
      return [variable(expression.name, start)]
    case 'operation':
      return operation(expression, start)
    default:
      throw new Unsupported(`${expression.is} on its own`)
  }
}

function indexed({ of, at }: Expression & { is: 'index' }, start: Route): Route[] {
  if (at.is !== 'literal' || at.type !== 'integer') throw new Unsupported('an index that is computed')
  return follow(of, start).map((route) => pick(route, Number(at.value)))
}

function call(expression: Expression & { is: 'call' }, start: Route): Route[] {
  const { name, args, of } = expression
  const before = of ? follow(of, start) : [start]
  const [argument] = args
  if (name === 'exists' && !argument) return [ask(expression, start)]
  if (before.length === 0) return []
  if (name === 'first' && !argument) return before.map((route) => pick(route, 0))
  if (argument && args.length === 1) {
    if (name === 'as' || name === 'ofType') return cast(before, argument)
    if (name === 'where') return before.map((route) => filter(route, (item) => test(argument, item)))
    if (name === 'extension') {
      const url: Expression = { is: 'operation', operator: '=', left: { is: 'member', name: 'url' }, right: argument }
      return elements(before, 'extension').map((route) => filter(route, (item) => test(url, item)))
    }
  }
  throw new Unsupported(`${name}()`)
}

function operation(expression: Expression & { is: 'operation' }, start: Route): Route[] {
  const { operator, left, right } = expression
  if (operator === '|') return [...follow(left, start), ...follow(right, start)]
  if (operator === 'as') return cast(follow(left, start), right)
  return [ask(expression, start)]
}

function variable(name: string, start: Route): Route {
  const type = start.type.split('.', 1)[0]!
  if (name !== 'resource' || !isA(type, 'Resource')) throw new Unsupported(`%${name}`)
  return { from: 'resource', steps: [], type }
}

/** One element further; a route whose type has no such element ends, but one of them must have it. */
function elements(from: Route[], name: string): Route[] {
  const found = from.map((route) => element(route, name))
  if (from.length > 0 && found.every((routes) => routes === undefined)) {
    throw new Invalid(`${from.map(({ type }) => type).join(', ')} has no element '${name}'`)
  }
  return found.flatMap((routes) => routes ?? [])
}

function element(route: Route, name: string): Route[] | undefined {
  const definition = typeDefinition(route.type)
  if (definition?.kind === 'primitive-type') return primitiveElement(route, name)
  const element = definition?.elements.find((element) => element.name === name)
  if (!element) return undefined
  if (element.contentReference) return [through(route, name, element, { code: element.contentReference })]
  return element.types.map((type) => {
    const part = `${route.type}.${name}`
    const property = element.choice ? name + type.code[0]!.toUpperCase() + type.code.slice(1) : name
    return through(route, property, element, typeDefinition(part) ? { code: part } : type)
  })
}

function through(route: Route, name: string, { max }: Pick<ElementDefinition, 'max'>, type: ElementType): Route {
  const { code, targets } = type
  return { from: route.from, steps: [...route.steps, { name, array: max === '*' }], type: code, targets }
}

/** JSON keeps id and extensions of `birthDate` beside it, in `_birthDate`. https://hl7.org/fhir/R4/json.html#primitive */
function primitiveElement(route: Route, name: string): Route[] | undefined {
  const last = route.steps.at(-1)
  if ((name !== 'extension' && name !== 'id') || !last || !('name' in last)) return undefined
  const beside: Route = { ...route, steps: [...route.steps.slice(0, -1), { ...last, name: `_${last.name}` }] }
  return element({ ...beside, type: 'Element', targets: undefined }, name)
}

/** `[0]` counts over all values, so only the last step may have several. */
function pick(route: Route, at: number): Route {
  const last = route.steps.at(-1)
  const isSingular = route.steps.slice(0, -1).every((step) => 'name' in step && !step.array)
  if (!last || !('name' in last) || last.at !== undefined || !isSingular) throw new Unsupported(`[${at}]`)
  if (!last.array) throw new Unsupported(`[${at}] of a single value`)
  return { ...route, steps: [...route.steps.slice(0, -1), { ...last, at }] }
}

function cast(from: Route[], to: Expression): Route[] {
  if (to.is !== 'member') throw new Unsupported('a type that is not a name')
  const type = typeNamed(to.name)
  return from.filter((route) => isA(route.type, type))
}

/** R4 says `value.as(DateTime)` in Observation-code-value-date and means dateTime. */
function typeNamed(name: string): string {
  if (typeDefinition(name)) return name
  const primitive = name[0]!.toLowerCase() + name.slice(1)
  if (typeDefinition(primitive)) return primitive
  throw new Invalid(`'${name}' is not a type of R4`)
}

/** `code` is an element's name long before it is the primitive type. */
const isTypeName = (name: string) => /^[A-Z]/.test(name) && typeDefinition(name) !== undefined

/** Whether a type is another one or is derived from it: code is a string. */
export function isA(type: string, ancestor: string): boolean {
  for (let at: string | undefined = type; at; at = typeDefinition(at)?.base) if (at === ancestor) return true
  return false
}

function filter(route: Route, criteria: (item: Route) => Test): Route {
  const where = criteria({ from: 'item', steps: [], type: route.type })
  // What resolves to a Patient points at nothing else.
  const targets = where.is === 'reference' ? [where.to] : route.targets
  return { ...route, targets, steps: [...route.steps, { where }] }
}

function ask(expression: Expression, start: Route): Route {
  return { from: start.from, steps: [...start.steps, { ask: test(expression, start) }], type: 'boolean' }
}

function test(expression: Expression, item: Route): Test {
  if (expression.is === 'call' && expression.name === 'exists' && expression.of && expression.args.length === 0) {
    return { is: 'exists', routes: follow(expression.of, item) }
  }
  if (expression.is !== 'operation') throw new Unsupported('a criterion that is not a comparison')
  const { operator, left, right } = expression
  switch (operator) {
    case 'and':
    case 'or':
      return { is: operator, left: test(left, item), right: test(right, item) }
    case '=':
    case '!=':
      return comparison(operator, follow(left, item), right)
    case 'is':
      if (left.is === 'call' && left.name === 'resolve' && !left.of && right.is === 'member') {
        return { is: 'reference', to: right.name }
      }
  }
  throw new Unsupported(`the criterion ${operator}`)
}

/** Text and booleans only: what compares dates and numbers must know of precision and of decimals. */
function comparison(is: '=' | '!=', routes: Route[], right: Expression): Test {
  if (right.is !== 'literal' || (right.type !== 'string' && right.type !== 'boolean'))
    throw new Unsupported('a comparison with no text or boolean')
  const { value } = right
  if (typeof value === 'string' && !routes.every(({ type }) => isA(type, 'string') || isA(type, 'uri'))) {
    throw new Unsupported('text compared with what is no text')
  }
  return { is, routes, literal: value }
}
