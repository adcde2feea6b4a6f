using ResourceService.Load.Servers;

namespace ResourceService.Load.Overhead;

/// <summary>One way to run the server: what is switched on beside the plain service, and how a client then reaches it.</summary>
internal sealed record OverheadVariant
{
    public required string Name { get; init; }

    public bool IsTls { get; init; }

    public bool BringsCertificate { get; init; }

    public bool BringsToken { get; init; }

    /// <summary>Whether the metrics page is on, and read each second.</summary>
    public bool HasMetrics { get; init; }

    /// <summary>Share of the calls whose traces are sent, with metrics and logs; null: nothing is sent.</summary>
    public double? SampledShare { get; init; }

    /// <summary>Plain first: it is what the others are compared with. Plain again shows how far two servers that do the same are apart.</summary>
    public static IReadOnlyList<OverheadVariant> All { get; } =
    [
        new() { Name = "plain" },
        new() { Name = "plain again" },
        new() { Name = "TLS", IsTls = true },
        new() { Name = "mutual TLS", IsTls = true, BringsCertificate = true },
        new() { Name = "token", BringsToken = true },
        new() { Name = "metrics", HasMetrics = true },
        new() { Name = "telemetry, 1 % traced", HasMetrics = true, SampledShare = 0.01 },
        new() { Name = "telemetry, all traced", HasMetrics = true, SampledShare = 1 },
        new() { Name = "all of it, 1 % traced", IsTls = true, BringsCertificate = true, BringsToken = true, HasMetrics = true, SampledShare = 0.01 },
        new() { Name = "all of it, all traced", IsTls = true, BringsCertificate = true, BringsToken = true, HasMetrics = true, SampledShare = 1 },
    ];

    /// <summary>What the server's command line gets beside what the user gave; later settings win.</summary>
    public IEnumerable<string> Arguments(OverheadCredentials files, Uri address, int metricsPort)
    {
        yield return $"--urls={address.GetLeftPart(UriPartial.Authority)}";
        yield return $"--Metrics:Port={(HasMetrics ? metricsPort : 0)}";
        yield return $"--Security:Mode={(BringsCertificate, BringsToken) switch
        {
            (true, true) => "MutualTlsOrToken",
            (true, false) => "MutualTls",
            (false, true) => "Token",
            _ => "None",
        }}";
        if (IsTls)
        {
            yield return $"--Security:CertificateFile={files.ServerCertificateFile}";
            yield return $"--Security:CertificateKeyFile={files.ServerKeyFile}";
        }
        if (BringsCertificate)
        {
            yield return $"--Security:ClientCaFile={files.AuthorityFile}";
            yield return $"--Security:OperatorNames={OverheadCredentials.OperatorName}";
        }
        if (BringsToken)
        {
            yield return $"--Security:TokenIssuer={OverheadCredentials.Issuer}";
            yield return $"--Security:TokenAudience={OverheadCredentials.Audience}";
            yield return $"--Security:TokenKeysFile={files.TokenKeysFile}";
        }
    }

    public IReadOnlyDictionary<string, string> Environment(Uri receiver) => SampledShare is not { } share
        ? new Dictionary<string, string>()
        : new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.GetLeftPart(UriPartial.Authority),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_TRACES_SAMPLER"] = "parentbased_traceidratio",
            ["OTEL_TRACES_SAMPLER_ARG"] = $"{share}",
        };

    /// <summary>From now on the tool's connections carry what this variant's do.</summary>
    public void Present(OverheadCredentials files) => LoadCredentials.Read(
        IsTls ? files.AuthorityFile : null, BringsCertificate ? files.ClientFile : null, BringsToken ? files.TokenFile : null);
}
