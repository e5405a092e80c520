package com.google.errorprone.annotations.concurrent;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names the lock that a field is read and written under, or that a method is called under.
 *
 * <p>Error Prone checks it and knows it by this very name. Its own is kept in the class files,
 * where it would be a warning for every user who compiles with {@code -Xlint:all} and does not have
 * it.
 */
@Retention(RetentionPolicy.SOURCE)
@Target({ElementType.FIELD, ElementType.METHOD})
public @interface GuardedBy {
  /** {@return the lock, as an expression} */
  String value();
}
