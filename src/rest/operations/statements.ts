import type { ParametersParameter } from '@medplum/fhirtypes'
import { Invalid } from '../../base/errors.js'
import {
  type StatementOrder,
  type StatementStatistics,
  statementOrders,
  statementStatistics,
} from '../../db/statement-statistics.js'
import { operation } from '../operation.js'

const MOST = 200

/**
 * What the database spends its time on. Statements show no values.
 *
 * @throws Unprocessable  the database does not count its statements (422)
 */
export const statements = operation({
  code: 'statements',
  title: 'Statements',
  description:
    'The statements of the database that cost most, without their values: how often they ran, how long they took and what they read, all processes together.',
  on: { levels: ['system'] },
  affectsState: false,
  needs: { letters: ['c', 'r', 'u', 'd', 's'], of: 'all' },
  in: { order: '0..1 code', _count: '0..1 positiveInt' },
  out: { statement: '0..* part' },
  about: {
    order: `One of ${statementOrders.join(', ')}; total unless told`,
    _count: `How many, ${MOST} at most; 20 unless told`,
    statement:
      'query (its number in PostgreSQL), sql, calls, rows, totalMs, meanMs, maxMs, and the pages of 8 kB that it found in memory (hit) and did not (read)',
  },
  async handle({ core: { store }, params: { order = 'total', _count: count = 20 } }) {
    if (!statementOrders.includes(order as StatementOrder))
      throw new Invalid(`order: ${order} is none; there are ${statementOrders.join(', ')}`)
    if (count > MOST) throw new Invalid(`_count: ${MOST} at most`)
    const found = await statementStatistics(store.session, order as StatementOrder, count)
    return { statement: found.map(columnsOf) }
  },
})

function columnsOf({ query, sql, ...numbers }: StatementStatistics): ParametersParameter[] {
  const measured = Object.entries(numbers).map(([name, value]) => ({
    name,
    valueDecimal: Math.round(value * 1000) / 1000,
  }))
  return [{ name: 'query', valueString: query }, { name: 'sql', valueString: sql }, ...measured]
}
