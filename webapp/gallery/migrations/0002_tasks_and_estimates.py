from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gallery', '0001_initial'),
    ]

    operations = [
        migrations.RenameField(model_name='network', old_name='accuracy', new_name='value'),
        migrations.AlterField(
            model_name='network',
            name='value',
            field=models.FloatField(blank=True, help_text="The run's metric on the test split, for ordering", null=True),
        ),
        migrations.AddField(
            model_name='network',
            name='activation_mb',
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='network',
            name='latency_ms',
            field=models.FloatField(blank=True, help_text='Measured where a requirement asks for it', null=True),
        ),
        migrations.AddField(
            model_name='network',
            name='energy',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='network',
            name='estimates',
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
