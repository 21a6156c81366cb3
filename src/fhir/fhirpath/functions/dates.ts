import { Invalid } from '../../../base/errors.js'
import { ExactDecimal } from '../exact-decimal.js'
import { decimal, type Item, integer, temporal } from '../item.js'
import { described, singleValue } from '../operands.js'
import type { FunctionDefinition, Functions } from '../scope.js'
import { fieldNames, HOUR, Temporal } from '../temporal.js'

const ofMoment = (returns: string, run: (moment: Temporal) => Item | undefined): FunctionDefinition => ({
  arity: [0, 0],
  returns,
  run: ({ input, node }) => {
    const item = singleValue(input, `What ${node.name}() is given`)
    if (!item) return []
    if (!(item.value instanceof Temporal)) {
      throw new Invalid(`${node.name}() is asked of ${described(item)}, which is no date or time`)
    }
    const found = run(item.value)
    return found ? [found] : []
  },
})

/** A field, where it is known and the type has it. */
const component = (index: number) =>
  ofMoment('System.Integer', ({ type, fields }) => {
    const field = type === 'Time' && index < HOUR ? undefined : fields[index]
    return field === undefined ? undefined : integer(Math.floor(field))
  })

/** https://hl7.org/fhirpath/#extract-datedatetimetime-components */
export const dates: Functions = {
  ...Object.fromEntries(fieldNames.map((name, i) => [`${name}Of`, component(i)])),
  timezoneOffsetOf: ofMoment('System.Decimal', ({ offset }) => {
    const hours = offset === undefined ? undefined : ExactDecimal.of(offset / 60)
    return hours && decimal(hours)
  }),
  dateOf: ofMoment('System.Date', (moment) => (moment.type === 'Time' ? undefined : temporal(moment.date))),
  timeOf: ofMoment('System.Time', (moment) => (moment.fields.length > HOUR ? temporal(moment.time) : undefined)),
}
