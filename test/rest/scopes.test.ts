import { describe, expect, it } from 'vitest'
import { Forbidden } from '../../src/base/errors.js'
import { operations } from '../../src/features.js'
import type { Exchange, Method } from '../../src/rest/exchange.js'
import { Places } from '../../src/rest/interactions.js'
import type { Letter } from '../../src/rest/letter.js'
import { Operations } from '../../src/rest/operations.js'
import { authorize, authorizeTypes, permits } from '../../src/rest/scopes.js'

// https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
describe('permits', () => {
  it.each<[scope: string, type: string, letters: string]>([
    // scope                                   type           allows
    ['system/Observation.rs', 'Observation', 'rs'],
    ['system/Observation.rs', 'Patient', ''],
    ['user/*.cruds', 'Patient', 'cruds'],
    ['user/*.cruds', '*', 'cruds'],
    ['system/Patient.rs', '*', ''],
    ['system/*.read', 'Patient', 'rs'], // SMART v1
    ['user/Patient.write', 'Patient', 'cud'],
    ['system/Patient.*', 'Patient', 'cruds'],
    ['patient/Patient.rs', 'Patient', ''],
    ['system/Observation.rs?category=laboratory', 'Observation', ''], // less than the type
    ['system/Patient.sr', 'Patient', ''], // letters have an order
    ['system/Patient.', 'Patient', ''],
    ['system/Patient.x', 'Patient', ''],
    ['openid', 'Patient', ''],
    ['asystem/Patient.r', 'Patient', ''],
  ])('%s on %s: %s', (scope, type, letters) => {
    const allowed = [...'cruds'].filter((letter) => permits(['launch', scope], type, letter as Letter))
    expect(allowed.join('')).toBe(letters)
  })
})

describe('authorize', () => {
  const places = new Places(new Operations(operations))
  const ask = (scopes: string[] | undefined, request: string, more: Partial<Exchange> = {}) => {
    const [method, url = ''] = request.split(' ')
    const [path = '', query = ''] = url.split('?')
    const exchange = { method: method as Method, path: path.split('/').filter(Boolean), query, ...more }
    return () => authorize(places, { ctx: { principal: { subject: 'a', scopes } }, ...exchange } as Exchange)
  }

  it.each<[request: string, scope: string]>([
    ['GET /Patient/1', 'Patient.r'],
    ['HEAD /Patient/1', 'Patient.r'],
    ['GET /Patient/1/_history', 'Patient.r'],
    ['GET /Patient/1/_history/2', 'Patient.r'],
    ['GET /Patient/_history', 'Patient.s'],
    ['GET /Patient?name=a', 'Patient.s'],
    ['POST /Patient/_search', 'Patient.s'],
    ['POST /Patient', 'Patient.c'],
    ['PUT /Patient/1', 'Patient.u'],
    ['PATCH /Patient/1', 'Patient.u'],
    ['DELETE /Patient/1', 'Patient.d'],
    ['PUT /Patient?identifier=1', 'Patient.us'],
    ['DELETE /Patient?identifier=1', 'Patient.ds'],
    ['GET /', '*.s'],
    ['GET /?_type=Patient', 'Patient.s'],
    ['POST /_search?_type=Patient', 'Patient.s'],
    ['GET /_history', '*.s'],
  ])('%s needs %s and no more', (request, scope) => {
    expect(ask([`system/${scope}`], request)).not.toThrow()
    const [type, letters = ''] = scope.split('.')
    for (const letter of letters) {
      const less = ['c', 'r', 'u', 'd', 's'].filter((other) => other !== letter).join('')
      expect(ask([`system/${type}.${less}`], request)).toThrow(`system/${type}.${letter} or user/${type}.${letter}`)
      expect(ask([`system/${type}.${less}`], request)).toThrow(Forbidden)
    }
  })

  it('asks for every type of a search of several', () => {
    expect(ask(['system/Patient.s'], 'GET /?_type=Patient,Observation')).toThrow('Observation.s')
    expect(ask(['system/Patient.s', 'system/Observation.s'], 'GET /?_type=Patient&_type=Observation')).not.toThrow()
  })

  it('asks for the types of a further page where they are known, behind its link', () => {
    expect(ask(['system/Patient.s'], 'GET /?_cursor=x')).not.toThrow()
    expect(ask(['system/Patient.s'], 'GET /Observation?_cursor=x')).toThrow('Observation.s')
    expect(ask(['system/Patient.s'], 'GET /_history?_cursor=x')).toThrow('*.s')
    expect(() => authorizeTypes({ subject: 'a', scopes: ['system/Patient.s'] }, ['Patient'])).not.toThrow()
    expect(() => authorizeTypes({ subject: 'a', scopes: ['system/Patient.rs'] }, ['Patient', 'Basic'])).toThrow(
      'Basic.s',
    )
    expect(() => authorizeTypes({ subject: 'a' }, ['Basic'])).not.toThrow()
  })

  it('asks a search of a compartment for that of its type', () => {
    expect(ask(['system/Patient.cruds'], 'GET /Patient/1/Observation')).toThrow('system/Observation.s')
    expect(ask(['system/Observation.s'], 'GET /Patient/1/Observation')).not.toThrow()
  })

  it('asks a conditional create for search too', () => {
    expect(ask(['system/Patient.c'], 'POST /Patient', { ifNoneExist: 'identifier=1' })).toThrow('Patient.s')
  })

  it('lets nothing through that it does not know', () => {
    for (const request of [
      'GET /Patient/_search',
      'DELETE /Patient/1/_history',
      'GET /Library/1/Observation',
      'POST /Patient/$x',
      'PATCH /',
    ]) {
      expect(ask(['system/Patient.cruds'], request)).toThrow('system/*.c')
      expect(ask(['system/*.cruds'], request)).not.toThrow()
    }
  })

  it('has nothing against Bundles, metadata, and those who need no scopes', () => {
    for (const request of ['POST /', 'GET /metadata']) expect(ask([], request)).not.toThrow()
    expect(ask(undefined, 'DELETE /Patient/1')).not.toThrow()
  })

  it('refuses patient-level scopes by name', () => {
    expect(ask(['patient/Patient.rs'], 'GET /Patient/1')).toThrow(/patient-level scope.*system\/Patient\.r/i)
    expect(ask(['patient/*.rs', 'user/Patient.r'], 'GET /Patient/1')).not.toThrow()
  })
})
