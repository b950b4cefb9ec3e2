// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SeenBatchesTest {
    @Test
    void everyBatchIsNewOnceWhateverTheOrder() {
        Random random = new Random(11);
        SeenBatches seen = new SeenBatches();
        Set<BatchId> all = new HashSet<>();
        for (int round = 0; round < 20_000; round++) {
            BatchId id = new BatchId("run", "orders", random.nextInt(50), random.nextInt(60));
            assertThat(id.toString(), seen.add(id), is(all.add(id)));
        }
    }
}
