import { describe, expect, it } from 'vitest'
import { parsePrefer } from '../../src/http/prefer.js'

// https://hl7.org/fhir/R4/http.html#ops, https://hl7.org/fhir/R4/search.html#errors, RFC 7240
describe('Prefer', () => {
  it.each([
    [undefined, {}],
    ['', {}],
    ['return=minimal', { return: 'minimal' }],
    ['return=representation', { return: 'representation' }],
    ['return=OperationOutcome', { return: 'OperationOutcome' }],
    ['RETURN=operationoutcome', { return: 'OperationOutcome' }],
    ['return="minimal"', { return: 'minimal' }],
    ['return = minimal', { return: 'minimal' }],
    ['handling=strict', { handling: 'strict' }],
    ['handling=lenient', { handling: 'lenient' }],
    ['respond-async', { respondAsync: true }],
    ['return=minimal, handling=lenient', { return: 'minimal', handling: 'lenient' }],
    ['return=minimal; handling=lenient', { return: 'minimal', handling: 'lenient' }],
    ['respond-async, wait=10; return=minimal', { respondAsync: true, return: 'minimal' }],
    ['return=minimal, return=representation', { return: 'minimal' }], // the first counts
    ['return=everything', {}],
    ['handling=', {}],
    ['return', {}],
    ['x-unknown=1, , ;', {}],
  ])('%s', (header, expected) => {
    expect(parsePrefer(header)).toEqual(expected)
  })
})
