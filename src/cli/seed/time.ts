/** The day on which the synthetic population lives. It is fixed, so that seeding again gives the same data. */
export const today = Date.UTC(2025, 5, 30)

export const minute = 60_000
export const day = 24 * 60 * minute
export const year = 365.25 * day

/** `2025-06-30T14:15:00Z` */
export const instant = (at: number) => `${new Date(at).toISOString().slice(0, 19)}Z`

/** `2025-06-30` */
export const dateOf = (at: number) => new Date(at).toISOString().slice(0, 10)

/** Years completed by someone born then. */
export const ageAt = (birth: number, at: number) => Math.floor((at - birth) / year)

/** The same day, or the Monday after, at a quarter of an hour between 13:00 and 20:45 UTC: office hours in Boston. */
export function officeHour(at: number, quarter: number): number {
  const midnight = Math.floor(at / day) * day
  const weekday = new Date(midnight).getUTCDay()
  const shift = weekday === 6 ? 2 : weekday === 0 ? 1 : 0
  return midnight + shift * day + 13 * 60 * minute + (quarter % 32) * 15 * minute
}
