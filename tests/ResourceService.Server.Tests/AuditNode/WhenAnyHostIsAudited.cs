using System.Globalization;

namespace ResourceService.Server.Tests.AuditNode;

/// <summary>
/// Hosts of every kind at random, judged by plain lists of who has which CPU and device: whatever they run, no report is an error, two audits heal what can be
/// healed, a third changes nothing, claims hold what their instances have, and nothing that they have is given to others.
/// <c>RESOURCESERVICE_AUDITED_HOSTS=10000</c> audits more.
/// </summary>
public sealed class WhenAnyHostIsAudited(SharedService service) : ServiceTest(service)
{
    private const string HostsVariable = "RESOURCESERVICE_AUDITED_HOSTS";
    private const int AtOnce = 16;

    [Fact]
    public async Task It_is_healed_and_nothing_that_runs_is_given_away()
    {
        var hosts = int.TryParse(Environment.GetEnvironmentVariable(HostsVariable), CultureInfo.InvariantCulture, out var given) ? given : 40;
        var seed = Seed.Choose();
        TestContext.Current.TestOutputHelper?.WriteLine(Seed.Describe(seed));
        await Parallel.ForEachAsync(Enumerable.Range(0, hosts), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, _) =>
        {
            try
            {
                await AuditAsync(new FuzzedHost(Clients, new Random(seed + number)));
            }
            catch (Exception cause)
            {
                throw new InvalidOperationException($"Host {number} of {Seed.Describe(seed)}: {cause.Message}", cause);
            }
        });
    }

    private async Task AuditAsync(FuzzedHost host)
    {
        await host.BeginAsync();
        host.Drift();
        for (var i = 0; i < 2; i++)
            await Audits.AuditNodeAsync(await host.ReportAsync());
        var before = await GetAsync(host.NodeId);
        var third = (await Audits.AuditNodeAsync(await host.ReportAsync())).Audit;

        var drifts = string.Join("; ", third.Drifts.Select(drift => $"{drift.Kind} {drift.Action} {drift.Detail}"));
        Assert.True(third.HealedDriftCount == 0, $"the third audit heals {drifts}");
        Assert.Equal(before.Generation, (await GetAsync(host.NodeId)).Generation);
        await CompareAsync(host, drifts);
        await ClaimTheRestAsync(host);
        Assert.Equal(0, (await Audits.VerifyLedgerAsync(new VerifyLedgerRequest { NodeId = host.NodeId })).DifferenceCount);
    }

    // Who has a claim holds what he has, and nobody else holds anything.
    private static async Task CompareAsync(FuzzedHost host, string drifts)
    {
        var claims = (await host.ClaimsAsync()).ToDictionary(claim => claim.Instance.InstanceId);
        foreach (var guest in host.Guests)
        {
            var claim = claims.GetValueOrDefault(guest.Name);
            Assert.True(claim is not null || guest.ClaimId.Length == 0, $"the claim of {guest.Name} ({guest.Oddity}) was taken for an orphan");
            if (claim is null)
            {
                Assert.True(IsNotAdopted(guest), $"{guest.Name} ({guest.Oddity}) was not adopted: {drifts}");
                continue;
            }

            var what = $"{guest.Name} ({guest.Oddity}): {drifts}";
            Assert.True(claim.Resources["VCPU"] == guest.Vcpus && claim.Resources["MEMORY_MB"] == guest.MemoryMb, $"amounts of {what}");
            var cpus = claim.NumaCells.SelectMany(cell => cell.Pinning.Values).Distinct().Order().ToList();
            Assert.True(cpus.SequenceEqual(guest.Cpus.Order()), $"CPUs {string.Join(',', cpus)} and not {string.Join(',', guest.Cpus)} of {what}");
            Assert.Empty(claim.NumaCells.SelectMany(cell => cell.EmulatorCpus));
            var devices = claim.Devices.Select(device => device.Address).Order(StringComparer.Ordinal).ToList();
            Assert.True(
                devices.SequenceEqual(guest.Devices.Order(StringComparer.Ordinal)), $"devices {string.Join(',', devices)} and not {string.Join(',', guest.Devices)} of {what}");
            claims.Remove(guest.Name);
        }

        Assert.Empty(claims);
        Assert.All(host.Orphans, orphan => Assert.DoesNotContain(claims.Values, claim => claim.ClaimId == orphan));
    }

    private static async Task ClaimTheRestAsync(FuzzedHost host)
    {
        var (cpus, devices) = await host.ClaimTheRestAsync();
        foreach (var guest in host.Guests)
        {
            Assert.True(!cpus.Intersect(guest.Cpus).Any(), $"CPUs of {guest.Name} ({guest.Oddity}) were given away");
            Assert.True(!devices.Intersect(guest.Devices, StringComparer.Ordinal).Any(), $"devices of {guest.Name} ({guest.Oddity}) were given away");
        }
    }

    // A guest without a claim that no claim can be made for.
    private static bool IsNotAdopted(Guest guest) => guest.ClaimId.Length == 0
        && (guest.Oddity is Oddity.ClassInSmallLetters or Oddity.UnknownClass or Oddity.NegativeAmount or Oddity.NamedTwice
            || (guest.HasOddCells && guest.Cpus.Count > 0));
}
