import type { Bundle, Resource } from '@medplum/fhirtypes'
import { appointment } from './appointments.js'
import { Chart } from './chart.js'
import { network } from './network.js'
import { allergy, person } from './person.js'
import { Random } from './random.js'
import { today } from './time.js'
import { visits } from './visits.js'

/**
 * A synthetic population: first the organizations, locations, practitioners and calendars, then each patient with up
 * to six years of care. The same seed gives the same resources under the same ids, so sending them again changes
 * nothing, and more patients are added without changing those there are.
 *
 * @param patients  how many
 * @param seed      any whole number; another one is another population
 * @returns transactions of PUTs, to be sent in this order at least as far as the first is concerned
 */
export function* population({ patients, seed }: { patients: number; seed: number }): Generator<Bundle> {
  const everyone = network(seed)
  yield transaction(everyone.chart.resources)
  for (let number = 1; number <= patients; number++) {
    const chart = new Chart(new Random(`${seed}/patient/${number}`))
    const someone = person(chart, number, everyone)
    allergy(chart, someone)
    visits(chart, someone)
    if (someone.end === today) appointment(chart, someone, number)
    yield transaction(chart.resources)
  }
}

const transaction = (resources: Resource[]): Bundle => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: resources.map((resource) => ({
    fullUrl: `urn:uuid:${resource.id}`,
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  })),
})
