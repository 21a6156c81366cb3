/** What an expression of a view asks that cannot be; who knows which expression it is makes an OperationOutcome of it. */
export class Unfit extends Error {}

/** The values have no such element. */
export class NoElement extends Unfit {
  constructor(
    diagnostics: string,
    readonly element: string,
  ) {
    super(diagnostics)
  }
}
