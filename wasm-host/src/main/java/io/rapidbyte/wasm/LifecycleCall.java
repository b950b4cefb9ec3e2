// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

/** The times at which guest code runs ({@code docs/abi.md}, sections 4, 5 and 9). */
enum LifecycleCall {
    INITIALIZE("_initialize", Role.SOURCE, Role.DESTINATION, Role.TRANSFORM),
    OPEN("rb_open", Role.SOURCE, Role.DESTINATION, Role.TRANSFORM),
    CHECK("rb_check", Role.SOURCE, Role.DESTINATION, Role.TRANSFORM),
    DISCOVER("rb_discover", Role.SOURCE),
    PLAN("rb_plan", Role.SOURCE),
    READ("rb_read", Role.SOURCE),
    SNAPSHOT("rb_snapshot", Role.SOURCE),
    APPLY("rb_apply", Role.DESTINATION),
    WRITE("rb_write", Role.DESTINATION),
    FINALIZE("rb_finalize", Role.DESTINATION),
    COMMITTED("rb_committed", Role.DESTINATION),
    TRANSFORM("rb_transform", Role.TRANSFORM),
    TEARDOWN("rb_teardown", Role.SOURCE, Role.DESTINATION, Role.TRANSFORM),
    CLOSE("rb_close", Role.SOURCE, Role.DESTINATION, Role.TRANSFORM);

    private final String export;
    private final java.util.Set<Role> roles;

    LifecycleCall(String export, Role... roles) {
        this.export = export;
        this.roles = java.util.Set.of(roles);
    }

    /** The export that is called, which is also the name of its timing. */
    String export() {
        return export;
    }

    /** Whether a connector of a role must export it. */
    boolean requiredOf(Role role) {
        return this != INITIALIZE && !isOptional() && roles.contains(role);
    }

    /** Whether a connector of a role may leave it out, and is called when it does not. */
    boolean optionalFor(Role role) {
        return isOptional() && roles.contains(role);
    }

    private boolean isOptional() {
        return this == SNAPSHOT || this == COMMITTED;
    }

    /** Whether it moves data, and so may take as long as there is data. */
    boolean movesData() {
        return this == READ || this == WRITE || this == TRANSFORM;
    }

    /** Whether it cleans up, which must happen also on a thread that was asked to stop. */
    boolean cleansUp() {
        return this == CLOSE || this == TEARDOWN;
    }
}
