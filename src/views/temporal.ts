import { raw, type Sql, sql } from '../db/sql.js'

export type Relation = '=' | '<' | '<=' | '>' | '>='

/**
 * Compares two dates, dateTimes or times, as text, as far as both are known: `2012-03` is neither less nor greater
 * than `2012-03-14`. What has an offset is compared in UTC; seconds and their fractions are one precision.
 * @see https://hl7.org/fhirpath/N1/#datetime-equality
 */
export function compareTemporal(left: Sql, relation: Relation, right: Sql): Sql {
  const sign = raw(relation)
  return sql`(select case when length(x.a) = length(x.b) or left(x.a, length(x.b)) <> left(x.b, length(x.a))
    then x.a ${sign} x.b collate "C" end from (select ${inUtc(left)} as a, ${inUtc(right)} as b) x)`
}

function inUtc(temporal: Sql): Sql {
  return sql`(select case when v like '%T%' then to_char(v::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
    when v like '__:%' then to_char(v::time, 'HH24:MI:SS.US') else v end from (select ${temporal}) t(v))`
}

type End = 'low' | 'high'

const parts: Record<End, { time: string; offset: string }> = {
  low: { time: '00:00:00.000', offset: '+14:00' },
  high: { time: '23:59:59.999', offset: '-12:00' },
}

/** First or last day that a date may mean. */
export function dateBoundary(date: Sql, end: End): Sql {
  return sql`(select ${dayOf(end)} from (select ${date}) t(v))`
}

/** `v`, a date of any precision, as a whole day. */
function dayOf(end: End): Sql {
  if (end === 'low') return sql`left(v || substr('-01-01', length(v) - 3), 10)`
  const lastDay = sql`to_char(date_trunc('month', (left(v, 7) || '-01')::date) + interval '1 month - 1 day', 'YYYY-MM-DD')`
  return sql`case length(v) when 4 then v || '-12-31' when 7 then ${lastDay} else left(v, 10) end`
}

/** First or last millisecond that a dateTime may mean, wherever on earth. */
export function dateTimeBoundary(dateTime: Sql, end: End): Sql {
  const { time, offset } = parts[end]
  const fraction = fractionOf(sql`substring(v from '[.]([0-9]+)')`, end)
  return sql`(select case when v like '%T%'
      then left(v, 19) || '.' || ${fraction} || coalesce(substring(v from '(Z|[+-][0-9]{2}:[0-9]{2})$'), ${raw(`'${offset}'`)})
      else ${dayOf(end)} || ${raw(`'T${time}${offset}'`)} end from (select ${dateTime}) t(v))`
}

export function timeBoundary(time: Sql, end: End): Sql {
  const rest = raw(`'${parts[end].time}'`)
  return sql`(select case when v like '%.%' then left(v, 8) || '.' || ${fractionOf(sql`substr(v, 10)`, end)}
    else v || substr(${rest}, length(v) + 1) end from (select ${time}) t(v))`
}

/** Milliseconds: those that are there, else the first or last of the second. */
function fractionOf(digits: Sql, end: End): Sql {
  return sql`coalesce(left(${digits} || '00', 3), ${raw(end === 'low' ? `'000'` : `'999'`)})`
}

/**
 * The number half a unit of its last digit below or above: `1.0` may mean 0.95 to 1.05.
 * @param digits  behind the point, to which the boundary is moved outwards; null for one more than the value has
 */
export function decimalBoundary(decimal: Sql, end: End, digits: Sql): Sql {
  const sign = raw(end === 'low' ? '-' : '+')
  const outwards = raw(end === 'low' ? 'floor' : 'ceil')
  return sql`(select case when p is null then b when p between 0 and 28 then ${outwards}(b * 10::numeric ^ p) / 10::numeric ^ p end
    from (select v ${sign} 0.5 * 10::numeric ^ -scale(v), ${digits} from (select ${decimal}) t(v)) t(b, p))`
}
