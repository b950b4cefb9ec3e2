// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

/** The store of one instance of a DoFn: opened when it is first needed, since most instances never need it. */
final class StoreOfWorker {
    private final StateLocation location;
    private StateStore store;

    StoreOfWorker(StateLocation location) {
        this.location = location;
    }

    StateStore get() {
        if (store == null) {
            store = StateStores.open(location);
        }
        return store;
    }

    void close() {
        if (store != null) {
            store.close();
            store = null;
        }
    }
}
