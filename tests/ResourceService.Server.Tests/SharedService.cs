[assembly: AssemblyFixture(typeof(ResourceService.Server.Tests.SharedService))]

namespace ResourceService.Server.Tests;

/// <summary>One service for all tests that need no service of their own: they use nodes and instances of their own instead.</summary>
public sealed class SharedService : OwnedService
{
    public SharedService()
        : base("--Nodes:SnapshotIntervalSeconds=1")
    {
    }
}
