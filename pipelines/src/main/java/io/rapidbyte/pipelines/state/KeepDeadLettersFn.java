// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import static java.util.Objects.requireNonNull;

import io.rapidbyte.beam.io.DeadLetter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.beam.sdk.transforms.DoFn;

/**
 * Keeps dead letters under the run id that their batches have, some hundreds at a time, and all of a bundle before it ends. A letter that comes
 * again, because its bundle is repeated or a later run goes on with what this one began, is kept once.
 */
public final class KeepDeadLettersFn extends DoFn<DeadLetter, Void> {
    private static final long serialVersionUID = 1L;

    private static final int MOST_LETTERS = 500;

    /** Characters: a record can be large, and a bundle can be all of a stream. */
    private static final long MOST_CHARACTERS = 4L * 1024 * 1024;

    private final StateLocation location;
    private final ArrayList<Duration> waits;

    private transient StoreOfWorker store;
    private transient List<StoredDeadLetter> letters;
    private transient long characters;

    /**
     * Into this store.
     *
     * @param waits how long to wait before a store that cannot be reached is tried again, as often as there are waits
     */
    public KeepDeadLettersFn(StateLocation location, List<Duration> waits) {
        this.location = requireNonNull(location, "location");
        this.waits = new ArrayList<>(waits);
    }

    @Setup
    public void setup() {
        store = new StoreOfWorker(location, waits);
        letters = new ArrayList<>();
    }

    @StartBundle
    public void startBundle() {
        // What a bundle that failed has left here comes again.
        letters.clear();
        characters = 0;
    }

    @ProcessElement
    public void process(@Element DeadLetter letter) {
        letters.add(new StoredDeadLetter(
                letter.getRunId(),
                letter.getStream(),
                letter.getConnector() + "/" + letter.getUnit() + "/" + letter.getNumber(),
                letter.getCategory(),
                letter.getReason(),
                letter.getMessage(),
                letter.getRecord(),
                Instant.now()));
        characters += letter.getRecord() == null ? 0 : letter.getRecord().length();
        if (letters.size() >= MOST_LETTERS || characters >= MOST_CHARACTERS) {
            keep();
        }
    }

    @FinishBundle
    public void finishBundle() {
        keep();
    }

    @Teardown
    public void teardown() {
        store.close();
    }

    private void keep() {
        if (!letters.isEmpty()) {
            store.write(each -> each.keep(letters));
            letters.clear();
            characters = 0;
        }
    }
}
