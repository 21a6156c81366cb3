import { createRequire } from 'node:module'

/** A UCUM unit as a multiple of base units; a special one (`Cel`) has no factor, since its zero lies elsewhere. */
interface Unit {
  /** `g1m-3`: equal for units that convert into each other. */
  readonly dimension: string
  readonly factor?: number
}

const units = new Map<string, Unit | undefined>()
const remembered = 1000

type Ucum = typeof import('fhirpath')['ucumUtils']
let ucum: Ucum | undefined

/** The UCUM tables that fhirpath.js brings along, loaded at first use: they take 0.1 s and 20 MB. */
function tables(): Ucum {
  const require = createRequire(import.meta.url)
  ucum ??= (require('fhirpath') as typeof import('fhirpath')).ucumUtils
  return ucum
}

/**
 * @param from  UCUM codes, case sensitive: `mg`, `mm[Hg]`
 * @returns undefined when one of them is no UCUM code, or they measure different things
 */
export function convertUnit(value: number, from: string, to: string): number | undefined {
  const [source, target] = [unit(from), unit(to)]
  if (!source || source.dimension !== target?.dimension) return undefined
  if (source.factor !== undefined && target.factor !== undefined) return (value * source.factor) / target.factor
  const { status, toVal } = tables().convertUnitTo(from, value, to)
  return status === 'succeeded' && toVal !== null ? toVal : undefined
}

function unit(code: string): Unit | undefined {
  if (!units.has(code)) {
    if (units.size >= remembered) units.clear()
    units.set(code, describe(code))
  }
  return units.get(code)
}

function describe(code: string): Unit | undefined {
  if (code === '1') return { dimension: '', factor: 1 }
  const { status, magnitude, unitToExp, fromUnitIsSpecial } = tables().convertToBaseUnits(code, 1)
  if (status !== 'succeeded') return undefined
  const dimension = Object.entries(unitToExp)
    .filter(([, power]) => power !== 0)
    .map(([base, power]) => base + power)
    .sort()
    .join(' ')
  return fromUnitIsSpecial ? { dimension } : { dimension, factor: magnitude }
}
