import { raw, sql } from '../../db/sql.js'
import { asText, boolean, type Collection, nothing, number, text, values } from '../collection.js'
import { listed } from '../element.js'
import { familyOfAll } from '../operands.js'
import { Unfit } from '../unfit.js'
import { type Call, type Functions, inputText, numberArgument, textArgument } from './call.js'

/** https://hl7.org/fhirpath/N1/#string-manipulation; regular expressions are PostgreSQL's. */
export const strings: Functions = {
  join: [0, 1, joined],
  startsWith: [1, 1, (call) => boolean(sql`starts_with(${inputText(call)}, ${textArgument(call, 0)})`)],
  endsWith: [1, 1, endsWith],
  contains: [1, 1, (call) => boolean(sql`(strpos(${inputText(call)}, ${textArgument(call, 0)}) > 0)`)],
  indexOf: [1, 1, (call) => whole(sql`(strpos(${inputText(call)}, ${textArgument(call, 0)}) - 1)`)],
  substring: [1, 2, substring],
  upper: [0, 0, (call) => text(sql`upper(${inputText(call)})`)],
  lower: [0, 0, (call) => text(sql`lower(${inputText(call)})`)],
  trim: [0, 0, (call) => text(sql`btrim(${inputText(call)}, E' \\t\\r\\n')`)],
  length: [0, 0, (call) => whole(sql`length(${inputText(call)})`)],
  replace: [2, 2, (call) => text(sql`replace(${inputText(call)}, ${textArgument(call, 0)}, ${textArgument(call, 1)})`)],
  matches: [1, 1, (call) => boolean(sql`(${inputText(call)} ~ ${textArgument(call, 0)})`)],
  replaceMatches: [2, 2, replaceMatches],
}

const whole = (count: ReturnType<typeof sql>) => number(sql`${count}::numeric`, 'integer')

function joined(call: Call): Collection {
  const { input, args, scope } = call
  const family = familyOfAll(input)
  if (family && family !== 'text' && family !== 'temporal')
    throw new Unfit(`joins ${listed(input.branches)}, which are no strings`)
  if (family === undefined) return nothing
  const separator = args.length ? sql`coalesce(${textArgument(call, 0)}, '')` : raw(`''`)
  return text(sql`(select string_agg(v, ${separator} order by i) from ${values(input, asText, scope.aliases)})`)
}

function endsWith(call: Call): Collection {
  return boolean(
    sql`(select right(v, length(e)) = e from (select ${inputText(call)}, ${textArgument(call, 0)}) t(v, e))`,
  )
}

/** From a place inside the string, counted from 0; else empty. */
function substring(call: Call): Collection {
  const most = call.args[1] ? sql`greatest(${numberArgument(call, 1)}, 0)::int` : raw('null::int')
  return text(sql`(select case when s >= 0 and s < length(v) then left(substr(v, s + 1), coalesce(n, length(v))) end
    from (select ${inputText(call)}, ${numberArgument(call, 0)}::int, ${most}) t(v, s, n))`)
}

function replaceMatches(call: Call): Collection {
  const [pattern, substitute] = [textArgument(call, 0), textArgument(call, 1)]
  return text(sql`regexp_replace(${inputText(call)}, ${pattern}, ${substitute}, 'g')`)
}
