// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/** Makes dialects whose connections end before the n-th statement or commit, as if the process had: nothing is rolled back or closed in order. */
final class DyingDialect {
    private final Dialect dialect;
    private int left;
    private Connection connection;

    private DyingDialect(Dialect dialect, int left) {
        this.dialect = dialect;
        this.left = left;
    }

    /** What is thrown in place of the end of the process; no code of ours catches it. */
    static final class Died extends Error {
        private static final long serialVersionUID = 1L;
    }

    static Dialect of(Dialect dialect, int steps) {
        DyingDialect dying = new DyingDialect(dialect, steps);
        return proxy(Dialect.class, dialect, (method, arguments) -> {
            Object result = call(dialect, method, arguments);
            return method.getName().equals("open") ? dying.opened((Connection) result) : result;
        });
    }

    private interface Handler {
        Object handle(Method method, Object[] arguments) throws Throwable;
    }

    private Connection opened(Connection real) {
        connection = real;
        return proxy(Connection.class, real, (method, arguments) -> {
            if (method.getName().equals("commit")) {
                step();
            }
            Object result = call(real, method, arguments);
            return method.getName().equals("prepareStatement") ? prepared((PreparedStatement) result) : result;
        });
    }

    private PreparedStatement prepared(PreparedStatement real) {
        return proxy(PreparedStatement.class, real, (method, arguments) -> {
            if (method.getName().startsWith("execute")) {
                step();
            }
            return call(real, method, arguments);
        });
    }

    private void step() throws SQLException {
        if (left == 0) {
            if (dialect instanceof PostgresDialect) {
                // Cuts the line.
                connection.abort(Runnable::run);
            } else {
                // What was not committed is gone.
                connection.close();
            }
            throw new Died();
        }
        left--;
    }

    private static Object call(Object target, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static <T> T proxy(Class<T> type, T target, Handler handler) {
        InvocationHandler invocations = (proxy, method, arguments) -> handler.handle(method, arguments);
        return type.cast(
                Proxy.newProxyInstance(DyingDialect.class.getClassLoader(), new Class<?>[] {type}, invocations));
    }
}
