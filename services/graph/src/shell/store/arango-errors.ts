// What the errors of the driver mean to us. A request of the driver carries the password in its headers, and so does
// every error that refers to one, so none of them leaves this adapter: only its words and numbers do.
import { HttpError, isArangoError, isNetworkError } from 'arangojs/errors';
import { StoreError } from './graph-store.ts';

/** Numbers of ArangoDB's errors that mean something to us. */
export const errorNumbers = {
  lockTimeout: 18,
  locked: 28,
  deadlock: 29,
  corruptedDatafile: 1100,
  filesystemFull: 1104,
  /** With status 409 a write-write conflict; with 412 a precondition that did not hold. */
  conflict: 1200,
  collectionNotFound: 1203,
  duplicateName: 1207,
  uniqueConstraintViolated: 1210,
  transactionAborted: 1654,
  transactionNotFound: 1655,
  duplicateGraph: 1925,
} as const;

/** Errors after which nothing of a transaction remains. */
const transactionEnded: ReadonlySet<number> = new Set([
  errorNumbers.lockTimeout,
  errorNumbers.deadlock,
  errorNumbers.transactionAborted,
  errorNumbers.transactionNotFound,
]);

/** Somebody else changed a row that the transaction wants to write; nothing of it remains. */
export function isWriteConflict(error: unknown): boolean {
  return isArangoError(error) && error.code === 409 && error.errorNum === errorNumbers.conflict;
}

export function isUniqueViolation(error: unknown): boolean {
  return isArangoError(error) && error.errorNum === errorNumbers.uniqueConstraintViolated;
}

/**
 * Whether the same work from its start may go better: a lost race, a server that is away, starting or has forgotten the
 * transaction. Only for work of which nothing can have become true. A precondition that did not hold (412) is an answer.
 */
export function isPassing(error: unknown): boolean {
  if (isArangoError(error))
    return isWriteConflict(error) || transactionEnded.has(error.errorNum) || isGatewayTrouble(error.code);
  return isNetworkError(error) && (!(error instanceof HttpError) || isGatewayTrouble(error.code));
}

/** Whether the server has said what became of a request; without that a commit may have happened. */
export function isVerdict(error: unknown): boolean {
  if (isArangoError(error)) return (error.code ?? 500) < 500;
  return error instanceof HttpError && error.code < 500;
}

/** The error as the rest of the program may see it; `action` begins its sentence. */
export function toStoreError(action: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const told = tell(error);
  const cause = Object.assign(new Error(told.message), told);
  cause.name = (error as Error).name;
  return new StoreError(codeOf(error), `Cannot ${action}: ${told.message}${hintFor(error)}`, { cause });
}

type Told = { readonly message: string; readonly status?: number; readonly errorNum?: number };

function tell(error: unknown): Told {
  if (isArangoError(error)) {
    const { code, errorNum, errorMessage } = error;
    return {
      message: `${errorMessage} (error ${errorNum})`,
      errorNum,
      ...(code === undefined ? {} : { status: code }),
    };
  }
  if (error instanceof HttpError) return { message: `status ${error.code}, ${error.message}`, status: error.code };
  return { message: error instanceof Error ? error.message : String(error) };
}

function codeOf(error: unknown): StoreError['code'] {
  const { errorNum, status } = tell(error);
  switch (errorNum) {
    case errorNumbers.filesystemFull:
      return 'full';
    case errorNumbers.corruptedDatafile:
      return 'damaged';
    case errorNumbers.lockTimeout:
    case errorNumbers.locked:
      return 'locked';
    default:
      return status === 507 ? 'full' : isWriteConflict(error) ? 'locked' : 'failed';
  }
}

function hintFor(error: unknown): string {
  const { status } = tell(error);
  if (status === 401) return '; look at MSX_ARANGO_USER and MSX_ARANGO_PASSWORD';
  if (status === 403) return '; give the user the right to write to this database';
  return '';
}

function isGatewayTrouble(status: number | undefined): boolean {
  return status === 502 || status === 503 || status === 504;
}
