// Far more than any profile has. What costs the square of their number stays below a second.

/** Elements of a differential. */
export const MOST_ELEMENTS = 20_000

/** Steps of a path: JSON that is read is no deeper. */
export const MOST_STEPS = 256

/** Elements that slices and types bring; a snapshot of thousands is a large one. */
export const MOST_COPIED = 200_000

/** The differential, or what it comes to. */
export class TooLarge extends Error {}
