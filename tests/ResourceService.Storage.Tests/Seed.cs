using System.Globalization;
using System.Security.Cryptography;
using Xunit;

namespace ResourceService.Storage.Tests;

/// <summary>The seed of a random test: RESOURCESERVICE_SEED, or a new one. It is printed, so that a failure can be replayed.</summary>
internal static class Seed
{
    public static int Next()
    {
        var given = Environment.GetEnvironmentVariable("RESOURCESERVICE_SEED");
        var seed = given is null ? RandomNumberGenerator.GetInt32(int.MaxValue) : int.Parse(given, CultureInfo.InvariantCulture);
        TestContext.Current.TestOutputHelper?.WriteLine($"RESOURCESERVICE_SEED={seed}");
        return seed;
    }
}
