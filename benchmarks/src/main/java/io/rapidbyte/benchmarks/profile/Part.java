// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.profile;

/** What a sample of processor time was spent for. */
public enum Part {
    /** Code of a source connector, with the memory accesses and checks that the compiler adds to it. */
    GUEST_SOURCE("guest, source"),
    /** The same of a destination. */
    GUEST_DESTINATION("guest, destination"),
    /** The same of a transform. */
    GUEST_TRANSFORM("guest, transform"),
    /** What a guest's calls do in the host, and the copies into and out of its memory. */
    HOST("host functions and copies"),
    /** Checking frames. */
    FRAME_CHECK("Arrow frame checking"),
    /** Reading and writing sockets, below Java: the copies and the network code of the kernel. */
    SOCKET("socket I/O in the kernel"),
    /** Beam, its runner, and our steps in its graph. */
    RUNNER("Beam, its runner, our steps"),
    /** Reading, compiling and instantiating modules. */
    LOADING("loading connectors"),
    /** Finding and linking Java classes. */
    CLASSES("loading Java classes"),
    /** The database driver of other contenders. */
    DRIVER("JDBC driver"),
    /** Java's compilers, and clearing up their code. */
    COMPILER("JIT compiler"),
    /** Java's garbage collector. */
    COLLECTOR("garbage collector"),
    /** Whatever is left. */
    OTHER("other");

    private final String label;

    Part(String label) {
        this.label = label;
    }

    /** What reports call it. */
    public String label() {
        return label;
    }

    /** Whether it is code of a connector. */
    public boolean isGuest() {
        return this == GUEST_SOURCE || this == GUEST_DESTINATION || this == GUEST_TRANSFORM;
    }
}
