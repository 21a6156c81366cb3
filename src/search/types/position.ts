import { Invalid } from '../../base/errors.js'
import { decimalText, isDecimal } from '../../fhir/json.js'
import { conversion } from '../../fhir/ucum.js'
import { paramOf } from '../names.js'

/** The one parameter of places; it is Location's. */
export const CODE = 'near'

/** Within so many metres of a place, both in degrees. */
export interface Circle {
  latitude: number
  longitude: number
  metres: number
}

/** Latitude and longitude are stored as two numbers. */
export const latitudeParam = (tenant: number, type: string): bigint => paramOf(tenant, type, 'near:latitude')
export const longitudeParam = (tenant: number, type: string): bigint => paramOf(tenant, type, 'near:longitude')

/** What `Location.position` puts into the index, as text of decimals. */
export function indexed(value: unknown): { latitude: string; longitude: string } | undefined {
  const { latitude, longitude } = value as { latitude?: unknown; longitude?: unknown }
  if (!isDecimal(latitude) || !isDecimal(longitude)) return undefined
  return { latitude: decimalText(latitude), longitude: decimalText(longitude) }
}

/** Kilometres, when the query does not say how far away is near. */
export const DEFAULT_DISTANCE = 50
const DEGREES = /^[+-]?\d{1,3}(\.\d+)?$/

/**
 * `latitude|longitude|distance|unit`: 50 km unless it says otherwise; the unit is any length of UCUM.
 * @see https://hl7.org/fhir/R4/location.html#positional
 */
export function searched(text: string, name: string): Circle {
  const [north, east, distance = '', unit = '', ...rest] = text.split('|')
  const [latitude, longitude] = [Number(north), Number(east)]
  const isPlace =
    DEGREES.test(north ?? '') && DEGREES.test(east ?? '') && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180
  const way = conversion(unit || 'km', 'm')
  if (!isPlace || rest.length || !way || !/^(\d+(\.\d+)?)?$/.test(distance))
    throw new Invalid(
      `${name}: right is latitude|longitude|distance|unit in degrees and a UCUM unit of length (km, m, [mi_us] …); without a distance it is ${DEFAULT_DISTANCE} km`,
    )
  return { latitude, longitude, metres: distance === '' ? DEFAULT_DISTANCE * 1000 : Number(distance) * way.slope }
}
