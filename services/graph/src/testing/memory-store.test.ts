import { describe } from 'vitest';
import { graphStoreContract } from '../shell/store/store-contract.ts';
import { MemoryStore } from './memory-store.ts';

describe('the store of tests', () => {
  graphStoreContract(async () => new MemoryStore());
});
