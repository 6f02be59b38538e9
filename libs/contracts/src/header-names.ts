/** Header keys of our messages. NATS header keys are case-sensitive: these spellings are the contract. */
export const headerNames = {
  messageId: 'Nats-Msg-Id',
  /** Protocol 9: raised by redrive and `msx dlq retry` only. */
  drive: 'msx-drive',
  /** Protocol 30: activate (default), preview or replay. */
  purpose: 'msx-purpose',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  baggage: 'baggage',
  ceId: 'ce-id',
  ceType: 'ce-type',
  ceSource: 'ce-source',
  ceSubject: 'ce-subject',
  ceTime: 'ce-time',
  ceSpecVersion: 'ce-specversion',
  /** Dead letters: where the message came from and why it is here. */
  deadReason: 'msx-dead-reason',
  /** The id that the message had: a submission's answer is recorded under it. */
  deadMessageId: 'msx-dead-message-id',
  deadSubject: 'msx-dead-subject',
  deadStream: 'msx-dead-stream',
  deadSequence: 'msx-dead-sequence',
  deadConsumer: 'msx-dead-consumer',
  deadDeliveries: 'msx-dead-deliveries',
} as const;

export type Purpose = 'activate' | 'preview' | 'replay';
