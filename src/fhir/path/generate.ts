import { refersTo } from './reference.js'
import type { Route, Step, Test } from './routes.js'

/** Calls `visit` with every value at the end of a route, and the type of it. */
export type Each = (item: unknown, visit: (value: unknown, type: string) => void, resource?: unknown) => void

/**
 * Writes a route as JavaScript: nested loops over properties, without a closure or an array of its own.
 * Only element names that the definitions have confirmed and JSON-encoded literals get into the text, so an
 * expression that a client sent cannot bring in code.
 */
export function generate(route: Route): Each {
  const module = new Module()
  const values = module.loops(route, (value) => `visit(${value}, ${JSON.stringify(route.type)})`)
  const text = `${module.tests.join('\n')}
    return function each(item, visit, resource = item) { ${values} }`
  return new Function('refersTo', text)(refersTo)
}

class Module {
  readonly tests: string[] = []
  private variables = 0

  loops({ from, steps }: Route, end: (value: string) => string): string {
    const nest = (value: string, [step, ...further]: readonly Step[]): string => {
      if (!step) return end(value)
      const next = `v${++this.variables}`
      const inner = nest(next, further)
      if ('where' in step) {
        return `const ${next} = ${value}; if (${this.test(step.where)}(${value}, resource) === true) { ${inner} }`
      }
      if ('ask' in step) {
        return `const ${next} = ${this.test(step.ask)}(${value}, resource); if (${next} !== undefined) { ${inner} }`
      }
      const property = `${value}.${step.name}`
      if (step.at !== undefined) return `const ${next} = ${property}?.[${step.at}]; if (${next} != null) { ${inner} }`
      if (!step.array) return `const ${next} = ${property}; if (${next} != null) { ${inner} }`
      const array = `${next}s`
      return `const ${array} = ${property}; if (Array.isArray(${array})) for (let i = 0; i < ${array}.length; i++) {
        const ${next} = ${array}[i]; if (${next} != null) { ${inner} } }`
    }
    return nest(from, steps)
  }

  /** @returns name of a function of (item, resource) that answers true, false or, for FHIRPath's empty, undefined */
  private test(test: Test): string {
    const body = this.answer(test)
    const name = `t${this.tests.length}`
    this.tests.push(`function ${name}(item, resource) { ${body} }`)
    return name
  }

  private answer(test: Test): string {
    switch (test.is) {
      case 'reference':
        return `return refersTo(item, ${JSON.stringify(test.to)}, resource)`
      case 'exists':
        return `let n = 0; ${this.all(test.routes, () => 'n++')} return n > 0`
      case '=':
      case '!=': {
        // A collection of several values equals no literal.
        const compare = (value: string) => `n++; same = ${value} === ${JSON.stringify(test.literal)}`
        const equal = `let n = 0, same = false; ${this.all(test.routes, compare)} if (n === 0) return undefined;`
        return `${equal} return (n === 1 && same) === ${test.is === '='}`
      }
      case 'and':
      case 'or': {
        // https://hl7.org/fhirpath/N1/#boolean-logic: one side may decide alone, else an empty one leaves it open
        const decisive = test.is === 'or'
        return `const l = ${this.test(test.left)}(item, resource); if (l === ${decisive}) return ${decisive};
          const r = ${this.test(test.right)}(item, resource); if (r === ${decisive}) return ${decisive};
          return l === undefined || r === undefined ? undefined : ${!decisive}`
      }
    }
  }

  private all(routes: Route[], end: (value: string) => string): string {
    return routes.map((route) => `{ ${this.loops(route, end)} }`).join(' ')
  }
}
