package mill.testing;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/** Objects that do as others do, but for what a test says. */
public final class Doubles {
  private Doubles() {}

  /** What a double answers instead of its model. */
  @FunctionalInterface
  public interface Answers {
    /** The answer, or null for the model's own. */
    Object to(Method method, Object[] arguments) throws Throwable;
  }

  /**
   * A double of an interface, equal to itself alone.
   *
   * @param model is asked whenever the answers are null
   */
  @SuppressWarnings("ReferenceEquality") // the double's equals is meant, not the model's
  public static <T> T of(Class<T> type, T model, Answers answers) {
    InvocationHandler handler =
        (self, method, arguments) -> {
          if (method.getName().equals("equals")) {
            return self == arguments[0];
          }
          Object answer = answers.to(method, arguments);
          try {
            return answer != null ? answer : method.invoke(model, arguments);
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        };
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
