import type { ConceptMap, ParametersParameter } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../rest/server.js'
import { FRUIT, plant, TOOLS } from './orchard.js'

// https://hl7.org/fhir/R4/conceptmap-operation-closure.html

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  await plant(server)
})
afterAll(() => server.stop())

const sent = (name: string, ...more: ParametersParameter[]) => ({
  body: { resourceType: 'Parameters', parameter: [{ name: 'name', valueString: name }, ...more] },
})
const concept = (code: string, system = FRUIT) => ({ name: 'concept', valueCoding: { system, code } })
const closed = async (name: string, ...more: ParametersParameter[]) => {
  const map = (await server.expect(200, 'POST $closure', sent(name, ...more))).json as ConceptMap
  const lines = (map.group ?? []).flatMap(({ element }) =>
    element!.flatMap(({ code, target }) => target!.map((one) => `${code} ${one.equivalence} ${one.code}`)),
  )
  return { version: map.version, lines: lines.sort() }
}

describe('$closure', () => {
  it('grows by what is new', async () => {
    expect(await closed('one')).toEqual({ version: '0', lines: [] })
    expect(await closed('one', concept('apple'), concept('sloe'))).toEqual({ version: '1', lines: [] })
    expect(await closed('one', concept('pome'))).toEqual({ version: '2', lines: ['apple subsumes pome'] })
    expect(await closed('one', concept('pear'), concept('apple'))).toEqual({
      version: '3',
      lines: ['pear subsumes pome'],
    })
    expect(await closed('one', concept('pear'))).toEqual({ version: '3', lines: [] })
    expect(await closed('one', concept('apple', TOOLS))).toEqual({ version: '4', lines: [] })
  })

  it('tells again what was added after a version', async () => {
    const lines = ['apple subsumes pome', 'pear subsumes pome']
    expect(await closed('one', { name: 'version', valueString: '0' })).toEqual({ version: '4', lines })
    expect(await closed('one', { name: 'version', valueString: '2' })).toEqual({
      version: '4',
      lines: ['pear subsumes pome'],
    })
  })

  it('is begun anew by its name', async () => {
    expect(await closed('one')).toEqual({ version: '0', lines: [] })
    expect(await closed('one', concept('pear'), concept('pome'))).toEqual({
      version: '1',
      lines: ['pear subsumes pome'],
    })
  })

  it('relations of those who add at the same time are all told', async () => {
    await closed('many')
    const grown = await Promise.all(['apple', 'pear', 'pome'].map((code) => closed('many', concept(code))))
    expect(grown.flatMap(({ lines }) => lines).sort()).toEqual(['apple subsumes pome', 'pear subsumes pome'])
    expect(grown.map(({ version }) => version).sort()).toEqual(['1', '2', '3'])
  })

  it.each<[status: number, name: string, more: ParametersParameter[], reason: RegExp]>([
    [404, 'none', [concept('apple')], /no closure table none/],
    [404, 'none', [{ name: 'version', valueString: '0' }], /no closure table none/],
    [404, 'many', [concept('kiwi')], /Unknown code 'kiwi'/],
    [404, 'many', [concept('x', 'http://nowhere')], /'http:\/\/nowhere' could not be found/],
    [400, 'many', [{ name: 'concept', valueCoding: { code: 'apple' } }], /has a system and a code/],
    [400, 'many', [concept('apple'), { name: 'version', valueString: '0' }], /either concepts or a version/],
    [400, 'many', [{ name: 'version', valueString: 'x' }], /version is the one/],
  ])('%i for %s with %j', async (status, name, more, reason) => {
    const { json } = await server.expect(status, 'POST $closure', sent(name, ...more))
    expect(json.issue[0].diagnostics).toMatch(reason)
  })

  it('what is refused leaves nothing behind', async () => {
    await closed('whole')
    await server.expect(404, 'POST $closure', sent('whole', concept('apple'), concept('kiwi')))
    expect(await closed('whole', concept('pome'))).toEqual({ version: '1', lines: [] })
  })
})
