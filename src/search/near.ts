import { join, type Sql, sql } from '../db/sql.js'
import type { Clause } from './clause.js'
import type { Circle } from './types/position.js'

type Near = Clause & { kind: 'near' }

/** Mean radius of the earth in metres, and one degree of a great circle on it. */
const RADIUS = 6_371_008.8
const DEGREE = (RADIUS * Math.PI) / 180

/** The distance by the haversine formula: exact to half a percent, as the earth is no sphere. */
function within(latitude: Sql, longitude: Sql, circle: Circle): Sql {
  const half = (value: Sql, degrees: number) => sql`sin(radians(${value}::float8 - ${degrees}::float8) / 2) ^ 2`
  return sql`2 * ${RADIUS}::float8 * asin(sqrt(least(1, ${half(latitude, circle.latitude)}
    + cos(radians(${circle.latitude}::float8)) * cos(radians(${latitude}::float8)) * ${half(longitude, circle.longitude)})))
    <= ${circle.metres}::float8`
}

const places = ({ latitude, longitude, circles }: Near, tenant: Sql): Sql => sql`quantity_value n
    join quantity_value e on e.tenant = n.tenant and e.rid = n.rid and e.param = ${longitude}::bigint
    where n.tenant = ${tenant} and n.param = ${latitude}::bigint and (${join(
      circles.map((circle) => {
        // A little more than the circle, so that rounding loses nothing at its edge.
        const margin = (circle.metres / DEGREE) * 1.001
        const band = sql`n.value between ${String(circle.latitude - margin)}::numeric and ${String(circle.latitude + margin)}::numeric`
        return sql`(${band} and ${within(sql`n.value`, sql`e.value`, circle)})`
      }),
      ' or ',
    )})`

/** Rows `rid` of what lies in one of the circles: by the index on latitudes, then by distance. */
export const nearRids = (clause: Near, tenant: number): Sql =>
  sql`select distinct n.rid from ${places(clause, sql`${tenant}`)}`

/** Whether a row of `resource` lies in one of the circles. */
export const isNear = (row: Sql, clause: Near): Sql =>
  sql`exists (select 1 from ${places(clause, sql`${row}.tenant`)} and n.rid = ${row}.rid offset 0)`
