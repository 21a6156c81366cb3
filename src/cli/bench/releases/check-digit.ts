/** The dihedral group D5, by which Verhoeff's check digit is found: https://confluence.ihtsdotools.org/display/DOCRELFMT/5.6+Check-digit */
const PERMUTATION = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]

function product(a: number, b: number): number {
  if (a < 5) return b < 5 ? (a + b) % 5 : ((a + b) % 5) + 5
  return b < 5 ? ((a - b + 5) % 5) + 5 : (a - b + 5) % 5
}

function permuted(digit: number, times: number): number {
  let found = digit
  for (let i = 0; i < times % 8; i++) found = PERMUTATION[found]!
  return found
}

/** An identifier of SNOMED CT: the digits and what proves that they were copied right. */
export function withCheckDigit(digits: string): string {
  const sum = [...digits].reverse().reduce((sum, digit, i) => product(sum, permuted(Number(digit), i + 1)), 0)
  return digits + [0, 4, 3, 2, 1, 5, 6, 7, 8, 9][sum]
}

/** LOINC's check digit, by which `2345` is `2345-7`: the Luhn algorithm. */
export function withLuhn(digits: string): string {
  const sum = [...digits].reverse().reduce((sum, digit, i) => {
    const value = Number(digit) * (i % 2 === 0 ? 2 : 1)
    return sum + (value > 9 ? value - 9 : value)
  }, 0)
  return `${digits}-${(10 - (sum % 10)) % 10}`
}
