from django.db import migrations, models


def name_values(apps, schema_editor):
    """A summary's `accuracy` is the value of the run's metric, whatever its task."""
    Run = apps.get_model('runs', 'Run')
    for run in Run.objects.only('pk', 'summary').iterator():
        for part in ('prototype', 'best'):
            if run.summary.get(part) and 'accuracy' in run.summary[part]:
                run.summary[part]['value'] = run.summary[part].pop('accuracy')
        run.save(update_fields=['summary'])


class Migration(migrations.Migration):

    dependencies = [
        ('runs', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='TargetDevice',
            fields=[
                ('name', models.CharField(max_length=60, primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=200)),
                ('place', models.PositiveIntegerField()),
                ('latency_ms', models.CharField(choices=[('measured', 'Measured'), ('estimated', 'Estimated'), ('unavailable', 'Unavailable')], max_length=12)),
                ('energy_mj', models.CharField(choices=[('measured', 'Measured'), ('estimated', 'Estimated'), ('unavailable', 'Unavailable')], max_length=12)),
                ('reason', models.TextField(blank=True, default='')),
                ('figures', models.JSONField(default=dict)),
                ('described_at', models.DateTimeField()),
            ],
            options={
                'ordering': ('place', 'name'),
            },
        ),
        migrations.AddField(
            model_name='run',
            name='confidence',
            field=models.FloatField(default=0.95),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(('confidence__gte', 0.5), ('confidence__lt', 1)), name='run_confidence_in_range'),
        ),
        migrations.RunPython(name_values, migrations.RunPython.noop),
    ]
