using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace ResourceService.Ledger;

/// <summary>What must always be true, checked in release builds as well: a ledger that breaks its own rules must stop, not go on.</summary>
public static class Invariant
{
    /// <summary>Throws when <paramref name="condition"/> is false: the code is wrong, not the caller's input.</summary>
    public static void Require(
        [DoesNotReturnIf(false)] bool condition, string rule, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        if (!condition)
            Break(rule, file, line);
    }

    [DoesNotReturn]
    private static void Break(string rule, string file, int line) =>
        throw new InvariantBrokenException($"Broken invariant: {rule} ({Path.GetFileName(file)}:{line}).");
}

/// <summary>The ledger found itself inconsistent.</summary>
public sealed class InvariantBrokenException(string message, Exception? cause = null) : Exception(message, cause);
