// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import org.junit.jupiter.api.Test;

class StreamTaskTest {
    private static final StreamPlan PLAN =
            new StreamPlan(StreamSpec.of("events"), new byte[0], 4, "heap_blocks", -1, -1, "{}").withSnapshot("one");

    @Test
    void whatAnEarlierRunHasCommittedIsComparedOnce() {
        StreamTask task = task(true);

        assertThat(task.isUncompared(), is(true));
        task.compared();
        assertThat(task.isUncompared(), is(false));
        task.again(PLAN, "run", true, true);
        assertThat("in the same state of the source", task.isUncompared(), is(false));
    }

    /** Also under the same name, which a server gives again after it was started again. */
    @Test
    void whatWasReadInAStateThatIsGoneIsCompared() {
        StreamTask task = task(false);

        assertThat(task.isUncompared(), is(false));
        task.again(PLAN, "run", true, false);
        assertThat(task.isUncompared(), is(true));
        task.again(PLAN, "run", true, true);
        assertThat("it was not compared meanwhile", task.isUncompared(), is(true));
    }

    @Test
    void aSourceWithoutSnapshotsIsNeverTheSame() {
        StreamTask task = task(false);

        task.again(PLAN.withSnapshot(null), "run", true, true);
        task.compared();
        task.again(PLAN.withSnapshot(null), "run", true, true);

        assertThat(task.isUncompared(), is(true));
    }

    @Test
    void whatIsBegunAnewHasNothingToBeCompared() {
        StreamTask task = task(true);

        task.again(PLAN, "another run", false, false);

        assertThat(task.isUncompared(), is(false));
    }

    private static StreamTask task(boolean resumed) {
        return new StreamTask(StreamSpec.of("events"), "fingerprint", PLAN, "run", resumed);
    }
}
