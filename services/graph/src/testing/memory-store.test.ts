import { describe } from 'vitest';
import { MemoryStore } from './memory-store.ts';
import { graphStoreContract } from './store-contract.ts';

describe('the store of tests', () => {
  graphStoreContract(async () => new MemoryStore());
});
