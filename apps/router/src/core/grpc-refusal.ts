/** What a gRPC client reads in place of an HTTP status. */
const codes: Readonly<Record<number, number>> = {
  400: 3, // INVALID_ARGUMENT
  403: 7, // PERMISSION_DENIED
  404: 5, // NOT_FOUND
  501: 12, // UNIMPLEMENTED
};
const unavailable = 14; // clients ask again

/** Whether a content type is of gRPC, in any of its encodings. */
export function isGrpc(contentType: string | undefined): boolean {
  if (contentType === undefined || !contentType.startsWith('application/grpc')) return false;
  const next = contentType[16];
  return next === undefined || next === '+' || next === ';' || next === ' ';
}

/** The status as trailers carry it. */
export function grpcStatus({ status, reason }: { readonly status: number; readonly reason: string }): {
  readonly 'grpc-status': string;
  readonly 'grpc-message': string;
} {
  return { 'grpc-status': String(codes[status] ?? unavailable), 'grpc-message': percentEncoded(reason) };
}

/** All but printable ASCII, and the percent sign itself. */
function percentEncoded(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}
