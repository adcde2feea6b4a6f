namespace ResourceService.Server.Tests.Hosting;

public sealed class WhenAMethodIsNotImplemented(SharedService service) : ServiceTest(service)
{
    private static readonly string[] _ofAudits = ["AuditNode", "GetAudit", "ListAudits"];

    public static TheoryData<string> Methods => new(
        AuditServiceReflection.Descriptor.Services
            .SelectMany(item => item.Methods)
            .Where(method => _ofAudits.Contains(method.Name))
            .Select(method => $"/{method.Service.FullName}/{method.Name}"));

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task It_says_so_with_a_reason(string method)
    {
        using var call = RawCalls.Unary(Clients.Invoker, method, []);

        var error = await Expect.ErrorAsync(call, StatusCode.Unimplemented, "NOT_IMPLEMENTED");

        Assert.Contains(method, error.Message, StringComparison.Ordinal);
    }
}
